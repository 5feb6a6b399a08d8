import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { xor } from 'uint8arrays/xor'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { RECORD_CLOCK_SKEW_MS, RECORD_VALIDITY_MS, recordPlace } from '../../../src/identity/account-record.ts'
import { kadId, kadIdOfPeer } from '../../../src/identity/kad-id.ts'
import { Custody, type CustodyInit } from '../../../src/node/custody.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { accountOf, DAY_MS, peerIdOf, recordOf } from './record-world.ts'

const alice = accountOf('alice')
const bob = peerIdOf('bob')

describe('custody of account records', () => {
  let clock: VirtualClock
  let store: MemoryStore
  let refused: Record<string, number>

  beforeEach(() => {
    clock = new VirtualClock()
    store = new MemoryStore(nodeSchema, { clock })
    refused = {}
  })

  function custodyWith(init: CustodyInit = {}): Custody {
    const network = { peerId: peerIdOf('custodian') }
    const onRefused = (reason: string): void => {
      refused[reason] = (refused[reason] ?? 0) + 1
    }
    return new Custody({ clock, store, network, logger: new RecordingLogger() }, { onRefused, ...init })
  }

  const put = (custody: Custody, record: Uint8Array, from = bob) => clock.run(custody.put(record, from))
  const now = () => clock.wallMs()

  it('keeps a valid record and gives it to anybody', async () => {
    const custody = custodyWith()
    const record = recordOf(alice, now())
    assert.equal(await put(custody, record), 'stored')
    assert.equal(await put(custody, record), 'stored', 'again')
    assert.deepEqual(await custody.get(alice.publicKey, peerIdOf('carol')), record)
    assert.equal(await custody.get(accountOf('carol').publicKey, bob), undefined)
    assert.equal(custody.recordsKept(), 1)
    assert.deepEqual(refused, {})
  })

  it('refuses and counts what is no record of this account, not valid now, too long or older', async () => {
    const custody = custodyWith()
    const good = recordOf(alice, now(), { sequence: 5 })
    const forged = good.slice()
    forged[forged.length - 1]! ^= 1
    const foreign = recordOf(accountOf('mallory'), now(), { sequence: 6 })
    // Mallory's record under Alice's name: the key inside is hers, the signature is not.
    const at = Buffer.from(foreign).indexOf(accountOf('mallory').publicKey)
    foreign.set(alice.publicKey, at)
    await put(custody, good)
    const cases: [string, Uint8Array][] = [
      ['malformed', new Uint8Array(0)],
      ['malformed', Uint8Array.of(0xff, 0xff, 0xff)],
      ['malformed', good.subarray(0, good.length - 1)],
      ['signature', forged],
      ['signature', foreign],
      ['expired', recordOf(alice, now() - RECORD_VALIDITY_MS, { sequence: 9 })],
      ['not-yet-valid', recordOf(alice, now() + RECORD_CLOCK_SKEW_MS + 1, { sequence: 9 })],
      ['too-large', new Uint8Array(32 * 1024 + 1)],
      ['older', recordOf(alice, now(), { sequence: 4 })],
    ]
    for (const [reason, bytes] of cases) {
      assert.equal(await put(custody, bytes), reason)
    }
    assert.deepEqual(refused, {
      malformed: 3,
      signature: 2,
      expired: 1,
      'not-yet-valid': 1,
      'too-large': 1,
      older: 1,
    })
    assert.deepEqual(await custody.get(alice.publicKey, bob), good)
    assert.equal(custody.recordsKept(), 1)
  })

  it('ends with the same record of two with one sequence, whichever comes first', async () => {
    const one = recordOf(alice, now(), { sequence: 3 })
    const other = recordOf(alice, now() + 1, { sequence: 3 })
    const ends: (Uint8Array | string | undefined)[] = []
    for (const order of [
      [one, other],
      [other, one],
    ]) {
      store = new MemoryStore(nodeSchema, { clock })
      const custody = custodyWith()
      for (const record of order) {
        await put(custody, record)
      }
      ends.push(await custody.get(alice.publicKey, bob))
    }
    assert.deepEqual(ends[0], ends[1])
    assert.deepEqual(refused, { older: 1 })
  })

  it('answers `stored` only when the record is on disk', async () => {
    const custody = custodyWith()
    let answered = false
    const answer = custody.put(recordOf(alice, now()), bob).then((outcome) => {
      answered = true
      return outcome
    })
    await Promise.resolve()
    assert.equal(answered, false)
    assert.equal(await clock.run(answer), 'stored')
    store = store.crash()
    assert.ok((await custodyWith().get(alice.publicKey, bob)) instanceof Uint8Array)
  })

  it('says `no-storage` and lives on when the disk is full', async () => {
    const custody = custodyWith()
    store.failNextCommit('full')
    assert.equal(await put(custody, recordOf(alice, now())), 'no-storage')
    assert.equal(custody.recordsKept(), 0)
    assert.equal(await put(custody, recordOf(alice, now())), 'stored')
    assert.equal(custody.recordsKept(), 1)
  })

  it('keeps nothing on a node without storage', async () => {
    const custody = custodyWith({ keepsStorage: false })
    assert.equal(await put(custody, recordOf(alice, now())), 'no-storage')
    assert.equal(await custody.get(alice.publicKey, bob), undefined)
  })

  it('stops a peer that floods it with records, and only that peer', async () => {
    const custody = custodyWith()
    const flood = Array.from({ length: 500 }, (_, i) => recordOf(accountOf(`mallory ${i}`), now()))
    const outcomes: string[] = []
    for (let i = 0; i < 10_000; i++) {
      const outcome = custody.put(flood[i % flood.length]!, peerIdOf('mallory'))
      outcomes.push(await clock.run(outcome))
    }
    assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 64)
    assert.equal(refused['rate-limited'], 10_000 - 64)
    assert.equal(custody.recordsKept(), 64)
    assert.equal(await put(custody, recordOf(alice, now())), 'stored')
    await clock.advance(10_000)
    assert.equal(await put(custody, flood[100]!, peerIdOf('mallory')), 'stored')
    assert.equal(await put(custody, flood[101]!, peerIdOf('mallory')), 'rate-limited')
  })

  it('stops a peer that floods it with questions', async () => {
    const custody = custodyWith()
    const answers = await Promise.all(Array.from({ length: 2_000 }, () => custody.get(alice.publicKey, bob)))
    assert.equal(answers.filter((answer) => answer === 'rate-limited').length, 2_000 - 1_024)
    assert.equal(await custody.get(alice.publicKey, peerIdOf('carol')), undefined)
  })

  it('keeps the records nearest to it when there are too many, in whatever order they come', async () => {
    const keys = Array.from({ length: 60 }, (_, i) => accountOf(`account ${i}`))
    const custody = custodyWith({ maxRecords: 10 })
    for (const key of keys) {
      await put(custody, recordOf(key, now()), peerIdOf(`owner of ${key.address}`))
    }
    assert.equal(custody.recordsKept(), 10)
    const distance = (publicKey: Uint8Array) =>
      Buffer.from(xor(kadId(recordPlace(publicKey)), kadIdOfPeer(peerIdOf('custodian'))))
    const nearest = keys.toSorted((a, b) => Buffer.compare(distance(a.publicKey), distance(b.publicKey))).slice(0, 10)
    for (const key of keys) {
      const kept = await custody.get(key.publicKey, bob)
      assert.equal(kept !== undefined, nearest.includes(key))
    }
    assert.ok((refused['no-storage'] ?? 0) > 0)
  })

  it('stays within its bytes, also when a record grows', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => accountOf(`account ${i}`))
    const small = recordOf(alice, now()).length
    const custody = custodyWith({ maxBytes: 10 * (small + 8) })
    for (const [i, key] of keys.entries()) {
      await put(custody, recordOf(key, now()), `peer ${i}`)
    }
    assert.equal(custody.recordsKept(), 10)
    for (const [i, key] of keys.entries()) {
      const profile = { nickname: 'x'.repeat(200), items: [], updatedMs: 0 }
      await put(custody, recordOf(key, now(), { sequence: 2, profile }), `peer ${i}`)
    }
    let bytes = 0
    for (const key of keys) {
      const kept = await custody.get(key.publicKey, bob)
      bytes += kept instanceof Uint8Array ? kept.length : 0
    }
    assert.ok(bytes > 0 && bytes <= 10 * (small + 8), `${bytes} bytes`)
  })

  it('leaves everything as it was when there is no room for a newcomer', async () => {
    const custody = custodyWith({ maxBytes: 100 })
    assert.equal(await put(custody, recordOf(alice, now())), 'no-storage')
    assert.equal(custody.recordsKept(), 0)
  })

  it('deletes expired records within the hour, and hides them at once', async () => {
    const custody = custodyWith()
    custody.start()
    for (let i = 0; i < 150; i++) {
      await put(custody, recordOf(accountOf(`account ${i}`), now(), { expiresMs: now() + DAY_MS }), `peer ${i}`)
    }
    await clock.advance(DAY_MS)
    assert.equal(await custody.get(accountOf('account 0').publicKey, bob), undefined)
    await clock.advance(3_600_000)
    assert.equal(custody.recordsKept(), 0)
    await clock.run(custody.stop())
    assert.equal(clock.pendingTimers, 0)
  })

  it('keeps a record from a clock that is a day ahead no longer than any other', async () => {
    const custody = custodyWith()
    custody.start()
    assert.equal(await put(custody, recordOf(alice, now() + DAY_MS)), 'stored')
    await clock.advance(RECORD_VALIDITY_MS)
    assert.equal(await custody.get(alice.publicKey, bob), undefined)
    await clock.run(custody.stop())
  })

  it('takes a record from a clock that is a day behind', async () => {
    assert.equal(await put(custodyWith(), recordOf(alice, now() - DAY_MS)), 'stored')
  })
})
