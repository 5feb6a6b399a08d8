import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { abortable } from '../../../src/util/abortable.ts'

describe('an abortable promise', () => {
  it('has the outcome of the promise', async () => {
    const { signal } = new AbortController()
    assert.equal(await abortable(Promise.resolve(1), signal), 1)
    await assert.rejects(abortable(Promise.reject(new Error('no')), signal), /no/)
  })

  it("rejects with the signal's reason when that comes first, and swallows what comes later", async () => {
    const controller = new AbortController()
    const late = Promise.withResolvers<number>()
    const outcome = abortable(late.promise, controller.signal)
    controller.abort(new Error('enough'))
    await assert.rejects(outcome, /enough/)
    late.reject(new Error('late'))
    await assert.rejects(abortable(Promise.reject(new Error('later')), controller.signal), /enough/)
  })
})
