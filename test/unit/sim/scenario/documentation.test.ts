import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { CHURN_PRESETS } from '../../../../sim/churn/churn-presets.ts'
import { NAT_POPULATIONS } from '../../../../sim/nat/populations.ts'
import { NAT_PRESETS } from '../../../../sim/nat/presets.ts'
import { scenarioJsonSchema } from '../../../../sim/scenario/json-schema.ts'
import { LATENCY_PRESETS } from '../../../../sim/scenario/latency-presets.ts'
import { METRIC_NAMES } from '../../../../sim/scenario/scenario.ts'
import { readText } from './scenario-files.ts'

const PAGE = readFileSync(new URL('../../../../docs/simulator.md', import.meta.url), 'utf8')

/** Every key that the schema knows, at any depth. */
function keysOf(schema: unknown): string[] {
  if (Array.isArray(schema)) {
    return schema.flatMap(keysOf)
  }
  if (typeof schema !== 'object' || schema === null) {
    return []
  }
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : []
  return [...own, ...Object.values(schema).flatMap(keysOf)]
}

describe('docs/simulator.md', () => {
  it('names every key of a scenario file', () => {
    const keys = [...new Set(keysOf(scenarioJsonSchema()))]
    assert(keys.length > 50)
    const missing = keys.filter((key) => !new RegExp(`[\`{ ]${key}[\`:, ]`).test(PAGE))
    assert.deepEqual(missing, [])
  })

  it('names every preset and every metric', () => {
    const presets = [CHURN_PRESETS, NAT_PRESETS, NAT_POPULATIONS, LATENCY_PRESETS].flatMap((all) => Object.keys(all))
    const missing = [...presets, ...METRIC_NAMES].filter((name) => !PAGE.includes(`\`${name}\``))
    assert.deepEqual(missing, [])
  })

  it('has an example that can be read', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE) ?? []
    assert.equal(readText(example).scenario.faults.length, 1)
  })
})
