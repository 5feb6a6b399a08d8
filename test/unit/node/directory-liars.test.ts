import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { RecordKeeper } from '../../../src/protocol/mailbox/record-keeper.ts'
import { accountOf, DAY_MS, never, RecordWorld, recordOf } from './record-world.ts'

const alice = accountOf('alice')
const mallory = accountOf('mallory')

/** A custodian that answers every question in the same way and takes whatever it is given. */
function liar(answer: () => Promise<Uint8Array | undefined>): { keeper: () => RecordKeeper; given: Uint8Array[] } {
  const given: Uint8Array[] = []
  const put = async (record: Uint8Array) => {
    given.push(record)
    return 'stored' as const
  }
  return { keeper: () => ({ put, get: answer }), given }
}

describe('a lookup among lying custodians', () => {
  let world: RecordWorld

  beforeEach(() => {
    world = new RecordWorld('liars')
  })

  afterEach(() => world.stop())

  /** Nine liars, one honest custodian with the second record of Alice. */
  async function lookupAmong(answer: () => Promise<Uint8Array | undefined>) {
    const lies = liar(answer)
    for (let i = 0; i < 9; i++) {
      await world.add(`liar ${i}`, { keeper: lies.keeper })
    }
    const honest = await world.add('honest')
    await world.clock.run(honest.custody.put(recordOf(alice, world.clock.wallMs(), { sequence: 2 }), 'alice'))
    const bob = await world.add("bob's")
    const record = await world.clock.run(bob.directory.lookup(alice.address, never))
    await world.clock.advance(30_000)
    return { sequence: record?.sequence, refused: Object.fromEntries(bob.refused), given: lies.given, bob }
  }

  it('refuses the record of another account', async () => {
    const nowMs = world.clock.wallMs()
    const { sequence, refused, bob } = await lookupAmong(async () => recordOf(mallory, nowMs, { sequence: 99 }))
    assert.equal(sequence, 2)
    assert.deepEqual(refused, { 'wrong-account': 9, 'violation: wrong-account': 9 })
    assert.equal(bob.directory.cached(mallory.address), undefined)
  })

  it('refuses garbage and forged signatures', async () => {
    const forged = recordOf(alice, world.clock.wallMs(), { sequence: 99 })
    forged[forged.length - 1]! ^= 1
    const answers = [Uint8Array.of(1, 2, 3), new Uint8Array(90_000), forged]
    let i = 0
    const { sequence, refused } = await lookupAmong(async () => answers[i++ % 3])
    assert.equal(sequence, 2)
    assert.deepEqual(refused, {
      malformed: 3,
      'violation: malformed': 3,
      'too-large': 3,
      'violation: too-large': 3,
      signature: 3,
      'violation: signature': 3,
    })
  })

  it('takes the newer of two valid records and hands it to those that gave the older', async () => {
    const older = recordOf(alice, world.clock.wallMs(), { sequence: 1 })
    const { sequence, refused, given } = await lookupAmong(async () => older)
    assert.equal(sequence, 2)
    assert.deepEqual(refused, {})
    assert.equal(given.length, 9)
  })

  it('takes a record that is newer although it comes later than the grace of a second', async () => {
    const newest = recordOf(alice, world.clock.wallMs(), { sequence: 3 })
    const { sequence, bob } = await lookupAmong(async () => {
      await world.clock.sleep(3_000)
      return newest
    })
    assert.equal(sequence, 2)
    assert.equal(bob.directory.cached(alice.address)?.sequence, 3)
  })

  it('counts expired records without taking their keeper for a liar', async () => {
    const expired = recordOf(alice, world.clock.wallMs() - 31 * DAY_MS, { sequence: 99 })
    const { sequence, refused } = await lookupAmong(async () => expired)
    assert.equal(sequence, 2)
    assert.deepEqual(refused, { expired: 9 })
  })

  it('does not wait for custodians that say nothing', async () => {
    const { sequence } = await lookupAmong(() => new Promise(() => {}))
    assert.equal(sequence, 2)
  })

  it('finds nothing, within its time, when all are silent', async () => {
    const silent = liar(() => new Promise(() => {}))
    for (let i = 0; i < 10; i++) {
      await world.add(`liar ${i}`, { keeper: silent.keeper })
    }
    const bob = await world.add("bob's")
    const before = world.clock.monotonicMs()
    assert.equal(await world.clock.run(bob.directory.lookup(alice.address, never)), undefined)
    assert.ok(world.clock.monotonicMs() - before <= 15_000)
  })
})
