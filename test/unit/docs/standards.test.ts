import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { accountFeatures } from '../../../src/gateway/account-features.ts'
import { discoInfo } from '../../../src/gateway/features/disco-info.ts'
import type { Feature, FeatureTarget, GatewayParts } from '../../../src/gateway/features/feature.ts'
import { AccountHub } from '../../../src/gateway/sessions/account-hub.ts'
import { FeatureWorld } from '../../support/feature-world.ts'
import { MemoryFileStore } from '../../support/memory-file-store.ts'

const TARGETS: readonly FeatureTarget[] = ['account', 'server', 'upload']

const page = readFileSync(join(import.meta.dirname, '../../../docs/standards.md'), 'utf8')

interface Row {
  readonly name: string
  readonly status: string
  /** Names in disco#info; one that ends in `*` stands for all that begin so. */
  readonly announced: readonly string[]
}

/** Rows of the table of XEPs: | 0030 Name | version | status | announced | files | notes |. */
function readRows(): Row[] {
  const [, section = ''] = page.split('\n## XEPs\n')
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| (\d{4} [^|]+) \| [^|]+ \| ([^|]+) \| ([^|]*) \| [^|]* \| [^|]* \|$/gm)].map(
    ([, name = '', status = '', announced = '']) => ({
      name,
      status,
      announced: [...announced.matchAll(/`([^`]+)`/g)].map(([, value = '']) => value),
    }),
  )
}

/** The features of an account of the gateway, all of them. */
function realFeatures(world: FeatureWorld): readonly Feature[] {
  const { account, clock, random, store, logger } = world
  const gateway = { files: new MemoryFileStore(), version: '1.2.3' } as unknown as GatewayParts
  return new AccountHub({ account, clock, random, store, logger, gateway }, accountFeatures).features
}

/** What disco#info of all addresses announces. */
function announcedNames(features: readonly Feature[]): Set<string> {
  const infos = TARGETS.map((target) => discoInfo(features, target))
  return new Set(infos.flatMap((info) => info.elements('feature').map((feature) => feature.attribute('var') ?? '')))
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name
}

const rows = readRows()
const patterns = rows.flatMap((row) => row.announced)
const features = realFeatures(new FeatureWorld())
const names = announcedNames(features)

test('every line of the table of XEPs is a row with a known status', () => {
  assert.ok(rows.length > 40)
  const [, section = ''] = page.split('\n## XEPs\n')
  assert.equal(rows.length, [...(section.split('\n## ')[0] ?? '').matchAll(/^\| \d/gm)].length)
  const unknown = rows.filter(({ status }) => !/^(implemented|partly|passed|planned: issue \d+)$/.test(status))
  assert.deepEqual(unknown, [])
})

test('docs/standards.md holds every feature that disco#info announces', () => {
  assert.ok(names.size > 30)
  assert.deepEqual(
    [...names].filter((name) => !patterns.some((pattern) => covers(pattern, name))),
    [],
  )
})

test('disco#info announces every feature that docs/standards.md says it does', () => {
  assert.deepEqual(
    patterns.filter((pattern) => ![...names].some((name) => covers(pattern, name))),
    [],
  )
})

test('no two features of the gateway answer the same payload', () => {
  const payloads = TARGETS.flatMap((target) =>
    features.flatMap((feature) => (feature.payloads[target] ?? []).map((namespace) => `${target} ${namespace}`)),
  )
  assert.deepEqual([...new Set(payloads)].sort(), payloads.sort())
})
