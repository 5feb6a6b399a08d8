import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { validate } from '../../../../sim/commands/validate.ts'
import { OutputError } from '../../../../sim/output/output-error.ts'
import { between, type Finding, near, type Reference } from '../../../../sim/validate/finding.ts'
import { REFERENCES } from '../../../../sim/validate/references.ts'
import { onVirtualTime } from '../../../support/sim-child.ts'

function reference(id: string, check: Reference['check']): Reference {
  return { id, subject: `subject of ${id}`, source: `source of ${id}`, check }
}

const PASSING = reference('A1', () => [near('a number', { published: 10, ours: 10.5, within: 1 })])
const FAILING = reference('A2', () => [near('a number', { published: 10, ours: 12, within: 1 }, 'for this reason')])
const BROKEN = reference('A3', () => {
  throw new Error('no such thing')
})
const MISSING = reference('A4', (): Finding[] => [
  { quantity: 'q', published: '1', ours: '', tolerance: 'exact', outcome: 'not yet', reason: 'not built' },
])

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('bounds belong to the tolerance', () => {
  assert.equal(near('q', { published: 10, ours: 11, within: 1 }).outcome, 'pass')
  assert.equal(near('q', { published: 10, ours: 11.001, within: 1 }).outcome, 'FAIL')
  assert.equal(near('q', { published: 10, ours: Number.NaN, within: 1 }).outcome, 'FAIL')
  assert.equal(between('q', { published: 'x', ours: 2, range: [2, 3] }).outcome, 'pass')
})

test('what passes, fails, breaks and is not built yet all stay in the table, with the reason', async (t) => {
  const out = join(scratch(t), 'table.csv')
  const lines: string[] = []
  const write = (line: string): void => {
    lines.push(line)
  }
  assert.equal(await validate({ out }, { write }, [PASSING, FAILING, BROKEN, MISSING]), 1)
  assert.equal(lines.at(-1), '1 pass, 2 FAIL, 1 not yet')
  assert.ok(
    lines.some((line) => /^ {2}FAIL .*published 10 .*ours 12 .*tolerance 9 to 11 .*for this reason$/.test(line)),
  )
  const rows = readFileSync(out, 'utf8').trimEnd().split('\n')
  assert.equal(rows.length, 5)
  assert.equal(rows[2], 'A2,subject of A2,source of A2,a number,10,12,9 to 11,FAIL,for this reason')
  assert.match(rows[3] ?? '', /FAIL,it broke down: no such thing$/)
  assert.match(rows[4] ?? '', /not yet,not built$/)
})

test('what is not built yet does not fail the table', async () => {
  assert.equal(await validate({}, { write: () => {} }, [PASSING, MISSING]), 0)
})

test('a table that is there already is not overwritten', async (t) => {
  const out = join(scratch(t), 'table.csv')
  writeFileSync(out, 'mine')
  await assert.rejects(validate({ out }, { write: () => {} }, [PASSING]), OutputError)
  await assert.rejects(validate({ out: join(out, 'below') }, { write: () => {} }, [PASSING]), OutputError)
  assert.equal(readFileSync(out, 'utf8'), 'mine')
})

test('the references that were promised are all compared, each once', () => {
  const ids = REFERENCES.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ['R1', 'R2', 'R5', 'R8', 'R12', 'R13', 'R16', 'R18', 'R19', 'R21', 'R22', 'R23', 'R25']) {
    assert.ok(ids.includes(id), `${id} is missing`)
  }
})

test('results are the same twice and hold, save those known to fail', async () => {
  for (const id of ['R5', 'R8', 'R12', 'R13', 'R19', 'R21', 'R22']) {
    const { check } = REFERENCES.find((candidate) => candidate.id === id)!
    const findings = await check({ quick: true, seed: 1 })
    assert.deepEqual(
      findings.filter(({ outcome }) => outcome !== 'pass'),
      [],
      id,
    )
    assert.deepEqual(await check({ quick: true, seed: 1 }), findings, id)
  }
})

test('hole punches between the boxes of IPFS succeed as often as in the field (R18)', async () => {
  const { check } = REFERENCES.find(({ id }) => id === 'R18')!
  const findings = await check({ quick: true, seed: 1 })
  assert.deepEqual(
    findings.map(({ outcome }) => outcome),
    ['pass', 'FAIL', 'FAIL'],
  )
})

test('a relay of ours carries what others cut (R23)', async () => {
  const out = await onVirtualTime(`
import { RELAY_CUT } from './sim/validate/relay-cut.ts'
const findings = await RELAY_CUT.check({ quick: true, seed: 1 })
process.stdout.write(JSON.stringify(findings), () => process.exit(0))`)
  const [finding] = JSON.parse(out) as Finding[]
  assert.match(finding?.ours ?? '', /^none in 2097152 /)
  assert.match(finding?.reason ?? '', /^by design: /)
})
