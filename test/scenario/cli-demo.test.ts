import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { it } from 'node:test'
import { kabber, RunningKabber } from '../support/kabber-process.ts'

/** Folders of demos that were not there before; another demo may run on this machine. */
function demoFolders(before: readonly string[] = []): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('kabber-demo-') && !before.includes(name))
}

it('the demo plays to its end and leaves nothing behind', async (t) => {
  const before = demoFolders()
  const { exitCode, json, stderr, durationMs } = await kabber(['demo', '--json'])
  assert.equal(exitCode, 0, stderr)
  t.diagnostic(`demo: ${durationMs.toFixed(0)} ms`)
  const { event, messages } = json.at(-1) ?? {}
  assert.deepEqual({ event, messages }, { event: 'done', messages: 6 })
  assert.deepEqual(demoFolders(before), [])
})

it('an interrupted demo takes its processes and folders with it', async (t) => {
  const before = demoFolders()
  const demo = new RunningKabber(t, ['demo', '--json'])
  await demo.line(({ event }) => event === 'step')
  assert.equal(await demo.end('SIGINT'), 1)
  assert.deepEqual(demoFolders(before), [])
})
