import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { TraceFile } from '../../../../sim/output/trace-file.ts'

test('a long trace is thinned: the file grows with the logarithm of the run, every line is whole, numbers tell the gaps', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'trace.jsonl')
  const trace = new TraceFile(file)
  const events = 400_000
  for (let i = 0; i < events; i++) {
    trace.add({ t_ms: i, kind: 'tick' })
  }
  trace.close()
  trace.close()
  const lines: { n: number; t_ms: number }[] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(lines.length > 50_000 && lines.length < 60_000, `${lines.length} lines`)
  assert.deepEqual(
    lines.slice(0, 10_000).map(({ n }) => n),
    Array.from({ length: 10_000 }, (_, i) => i),
  )
  assert.ok(lines.every(({ n, t_ms }) => n === t_ms))
  assert.ok(events - (lines.at(-1)?.n ?? 0) < 64)
})
