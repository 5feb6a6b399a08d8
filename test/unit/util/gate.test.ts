import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Gate } from '../../../src/util/gate.ts'

describe('a gate', () => {
  it('lets in as many as it may, the others in the order of their coming', async () => {
    const gate = new Gate({ maxInside: 2, maxWaiting: 2 })
    const { signal } = new AbortController()
    const order: number[] = []
    const first = await gate.enter(signal)
    await gate.enter(signal)
    const third = gate.enter(signal).then((leave) => {
      order.push(3)
      return leave
    })
    const fourth = gate.enter(signal).then(() => order.push(4))
    assert.equal(await gate.enter(signal), undefined, 'two wait already')
    assert.deepEqual(order, [])
    first?.()
    const leave = await third
    assert.deepEqual(order, [3])
    leave?.()
    await fourth
    assert.deepEqual(order, [3, 4])
  })

  it('forgets whoever gives up waiting', async () => {
    const gate = new Gate({ maxInside: 1, maxWaiting: 1 })
    const patient = new AbortController()
    const impatient = new AbortController()
    const leave = await gate.enter(patient.signal)
    const waiting = gate.enter(impatient.signal)
    impatient.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
    await assert.rejects(gate.enter(impatient.signal), /enough/)
    const next = gate.enter(patient.signal)
    leave?.()
    assert.equal(typeof (await next), 'function')
  })
})
