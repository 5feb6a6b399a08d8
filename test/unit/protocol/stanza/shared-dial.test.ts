import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedDial } from '../../../../src/protocol/stanza/shared-dial.ts'

const never = (): AbortSignal => new AbortController().signal

test('all who wait get the outcome', async () => {
  const dial = new SharedDial<string>()
  const waiting = [dial.wait(never()), dial.wait(never())]
  dial.resolve('up')
  assert.deepEqual(await Promise.all(waiting), ['up', 'up'])
  assert.equal(await dial.wait(never()), 'up')
})

test('all who wait get the failure', async () => {
  const dial = new SharedDial<string>()
  const waiting = dial.wait(never())
  dial.reject(new Error('unreachable'))
  await assert.rejects(waiting, /unreachable/)
  assert.ok(dial.isSettled)
})

test('one who leaves gets the reason and the dial goes on', async () => {
  const dial = new SharedDial<string>()
  const controller = new AbortController()
  const leaving = dial.wait(controller.signal)
  const staying = dial.wait(never())
  controller.abort(new Error('bored'))
  await assert.rejects(leaving, /bored/)
  assert.equal(dial.signal.aborted, false)
  dial.resolve('up')
  assert.equal(await staying, 'up')
})

test('when all have left the dial is given up', async () => {
  const dial = new SharedDial<string>()
  const controller = new AbortController()
  const leaving = dial.wait(controller.signal)
  controller.abort(new Error('bored'))
  await assert.rejects(leaving, /bored/)
  assert.equal(dial.signal.aborted, true)
  assert.equal(dial.isSettled, true)
})

test('an aborted signal does not even wait', async () => {
  const dial = new SharedDial<string>()
  await assert.rejects(dial.wait(AbortSignal.abort(new Error('before'))), /before/)
  assert.equal(dial.isSettled, false)
})
