import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { findScenario, shippedScenarios } from '../../../../sim/scenario/find-scenario.ts'
import { scenarioJsonSchema } from '../../../../sim/scenario/json-schema.ts'
import { readScenario } from '../../../../sim/scenario/read-scenario.ts'
import { complaint, GOOD } from './scenario-files.ts'

const SCHEMA_FILE = new URL('../../../../sim/scenario/scenario.schema.json', import.meta.url)

/** What issue 5 names. */
const SHIPPED = [
  'cgn-cellular',
  'churn-flash-crowd',
  'churn-ipfs-2022',
  'first-contact',
  'half-the-nodes-die',
  'office-nat',
  'offline-week',
  'partition-and-heal',
  'relay-outage',
  'sybil-at-a-mailbox',
]

/** Mistakes that an editor can see. */
const BROKEN: readonly (readonly [string, string])[] = [
  ['duration: 2 h', 'duration: 2 hours'],
  ['duration: 2 h', 'duration: 7200'],
  ['share: 21 %', 'share: -21 %'],
  ['share: 21 %', 'share: 0.21'],
  ['nat: home', 'nat: hom'],
  ['nat: home', 'nat: { preset: home, udp-idel: 30 s }'],
  ['nat: home', 'nat: { population: nobody }'],
  ['law: exponential', 'law: exponentail'],
  ['mean: 90 s', 'scale: 90 s'],
  ['workload:', 'worklaod:'],
  ['people: 10', 'people: many'],
  ['nodes: 40', 'nodes: 40.5'],
  ['nodes: 40', 'nodes: 1000001'],
  ['source: ours\n', ''],
  ['holders:', 'Holders:'],
  ['churn:', 'network: { latency: internett }\nchurn:'],
  ['churn:', 'faults: [{ kind: kil, at: 1 h, share: 50 % }]\nchurn:'],
  ['churn:', 'faults: [{ kind: kill, at: 1 h }]\nchurn:'],
  ['churn:', 'assert: [ "deliverd_share >= 99 %" ]\nchurn:'],
  ['churn:', 'assert: [ "delivered_share > 99 %" ]\nchurn:'],
  ['churn:', 'sweep: { seeds: 0, grid: { duration: [1 h] } }\nchurn:'],
  ['churn:', 'tier: both\nchurn:'],
  ['churn:', 'ci: { duration: [1 h] }\nchurn:'],
]

describe('the JSON schema of scenario files', () => {
  const validate = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
    scenarioJsonSchema(),
  )

  it('is the one that is published; after a change: node sim/main.ts schema > sim/scenario/scenario.schema.json', () => {
    assert.deepEqual(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')), scenarioJsonSchema())
  })

  it('takes what is good', () => {
    assert(validate(parse(GOOD)), JSON.stringify(validate.errors))
  })

  for (const [from, to] of BROKEN) {
    it(`refuses '${to.trim()}', as the reader does`, () => {
      const text = GOOD.replace(from, to)
      assert.notEqual(text, GOOD)
      assert(!validate(parse(text)))
      assert.match(complaint(text), /^x\.yaml:\d+: /)
    })
  }

  it('is kept by every shipped scenario, which reads whole and in its small version', () => {
    assert.deepEqual(shippedScenarios(), SHIPPED)
    for (const name of SHIPPED) {
      const file = findScenario(name)
      const text = readFileSync(file, 'utf8')
      assert(text.startsWith('# yaml-language-server: $schema=../scenario/scenario.schema.json\n'))
      assert(validate(parse(text)), `${name}: ${JSON.stringify(validate.errors)}`)
      const { scenario, tier } = readScenario(file)
      assert(scenario.assertions.length > 0)
      const small = readScenario(file, { ci: true })
      assert(tier === 'model' || small.scenario.nodes <= 60)
      assert(small.scenario.durationMs < scenario.durationMs)
    }
  })
})
