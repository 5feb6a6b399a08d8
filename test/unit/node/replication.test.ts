import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { CUSTODIANS_PER_PLACE, LETTER_RETENTION_MS } from '../../../src/protocol/mailbox/letter-limits.ts'
import { type CustodianNode, CustodianWorld, namesOf } from './custodian-world.ts'
import { depositOf, mailboxOf, permitFor, said, tombstoneOf } from './letter-maker.ts'
import { DAY_MS, HOUR_MS } from './record-world.ts'

const bob = mailboxOf('bob')
const MINUTE_MS = 60_000

describe('replication among custodians', () => {
  let world: CustodianWorld

  beforeEach(() => {
    world = new CustodianWorld('replication')
  })

  afterEach(async () => {
    await world.stop()
    assert.equal(world.clock.pendingTimers, 0, 'everything that was begun has ended')
  })

  const custodians = (): CustodianNode[] => world.nearest(bob).slice(0, CUSTODIANS_PER_PLACE)
  const sorted = (names: string[]): string[] => names.toSorted()

  it('brings a letter that one of 12 nodes took to all 10 custodians', async () => {
    await world.addMany(12)
    const request = await world.deposit(custodians()[7]!, bob)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(request)), sorted(namesOf(custodians())))
    const { replication } = custodians()[0]!
    assert.deepEqual(replication.status(), { mailboxes: 1, placed: 1, replicas: CUSTODIANS_PER_PLACE })
  })

  it('takes a letter from a node that is no custodian to those who are, and rids that node of it', async () => {
    await world.addMany(14)
    const stranger = world.nearest(bob)[12]!
    const request = await world.deposit(stranger, bob)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(request)), sorted([...namesOf(custodians()), stranger.name]))
    await world.clock.advance(4 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(request)), sorted(namesOf(custodians())))
    assert.equal(stranger.letters.status().letters, 0)
    assert.equal(stranger.replication.status().mailboxes, 0)
  })

  it('replaces five killed custodians within the hour', async () => {
    await world.addMany(20)
    const requests = []
    for (const at of custodians().slice(0, 4)) {
      requests.push(await world.deposit(at, bob))
    }
    await world.clock.advance(3 * HOUR_MS)
    for (const node of custodians().slice(0, 5)) {
      world.kill(node)
    }
    await world.clock.advance(HOUR_MS)
    for (const request of requests) {
      const keepers = world.keepersOf(request)
      assert.deepEqual(sorted(namesOf(custodians()).filter((name) => !keepers.includes(name))), [])
    }
  })

  it('loses nothing when half of all nodes die every hour but one, until three are left', async () => {
    await world.addMany(24)
    const requests = []
    for (const at of custodians()) {
      requests.push(await world.deposit(at, bob))
    }
    await world.clock.advance(2 * HOUR_MS)
    for (let left = 24; left > 3; left /= 2) {
      for (const node of [...world.nodes.values()].filter((_, i) => i % 2 === 0)) {
        world.kill(node)
      }
      await world.clock.advance(2 * HOUR_MS)
    }
    for (const request of requests) {
      assert.deepEqual(sorted(world.keepersOf(request)), sorted([...world.nodes.keys()]))
    }
  })

  it('gives a newcomer that is closer than others the letters', async () => {
    const nodes = await world.addMany(14)
    const request = await world.deposit(custodians()[0]!, bob)
    await world.clock.advance(3 * HOUR_MS)
    let newcomer = await world.add('newcomer 0')
    for (let i = 1; !custodians().slice(0, 8).includes(newcomer); i++) {
      await world.leave(newcomer)
      newcomer = await world.add(`newcomer ${i}`)
    }
    const displaced = world.nearest(bob)[CUSTODIANS_PER_PLACE]!
    assert.ok(nodes.includes(displaced))
    await world.clock.advance(1.5 * HOUR_MS)
    assert.ok(world.keepersOf(request).includes(newcomer.name))
    assert.ok(world.keepersOf(request).includes(displaced.name), 'who comes back need not fetch everything')
    await world.clock.advance(6 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(request)), sorted(namesOf(custodians())))
  })

  it('welcomes a newcomer within a minute of a connection', async () => {
    await world.addMany(8)
    const request = await world.deposit(custodians()[0]!, bob)
    await world.clock.advance(2 * HOUR_MS)
    const newcomer = await world.add('newcomer')
    for (const node of world.nodes.values()) {
      if (node !== newcomer) {
        const peer = { peerId: node.peerId, addresses: ['/memory'] }
        await world.clock.run(newcomer.client.getRecord(peer, new Uint8Array(32), new AbortController().signal))
      }
    }
    await world.clock.advance(MINUTE_MS)
    assert.ok(world.keepersOf(request).includes(newcomer.name))
  })

  it('passes acknowledgements on before letters, so that nothing comes back', async () => {
    await world.addMany(12)
    const [first, second] = [custodians()[0]!, custodians()[5]!]
    const request = await world.deposit(first, bob)
    const kept = await world.deposit(first, bob)
    await world.clock.advance(3 * HOUR_MS)
    // One custodian is cut off while the recipient acknowledges at another.
    world.world.setOffline(second.peerId, true)
    await world.clock.run(first.letters.acknowledge(bob.publicKey, [tombstoneOf(bob, request.letterId)], 'bob himself'))
    await world.clock.advance(2 * HOUR_MS)
    assert.deepEqual(world.keepersOf(request), [second.name])
    world.world.setOffline(second.peerId, false)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(world.keepersOf(request), [])
    assert.ok(custodians().every(({ name }) => world.buriedAt(request).includes(name)))
    assert.ok(custodians().every(({ name }) => world.keepersOf(kept).includes(name)))
    // A sender that has not heard of it deposits again.
    assert.equal(said(await world.clock.run(second.letters.deposit(request))), 'kept')
    await world.clock.advance(2 * HOUR_MS)
    assert.deepEqual(world.keepersOf(request), [])
  })

  it('hands over on a clean stop, also what was deposited only just now', async () => {
    await world.addMany(12)
    const leaver = custodians()[3]!
    const old = await world.deposit(leaver, bob)
    await world.clock.advance(3 * HOUR_MS)
    const next = world.nearest(bob)[CUSTODIANS_PER_PLACE]!
    assert.ok(!world.keepersOf(old).includes(next.name))
    const carol = mailboxOf('carol')
    const fresh = [await world.deposit(leaver, bob), await world.deposit(leaver, carol)]
    const startMs = world.clock.monotonicMs()
    await world.leave(leaver)
    assert.ok(world.clock.monotonicMs() - startMs < 5_500)
    assert.ok(world.keepersOf(old).includes(next.name), 'who takes its place has the old letters')
    for (const request of fresh) {
      assert.ok(world.keepersOf(request).length >= 2, `${world.keepersOf(request).length} have the new letter`)
    }
  })

  it('stops within its time when nobody answers', async () => {
    await world.addMany(12)
    const leaver = custodians()[3]!
    await world.deposit(leaver, bob)
    await world.clock.advance(3 * HOUR_MS)
    for (const node of custodians()) {
      if (node !== leaver) {
        world.world.setPartitioned(leaver.peerId, node.peerId, true)
      }
    }
    const startMs = world.clock.monotonicMs()
    await world.leave(leaver)
    assert.ok(world.clock.monotonicMs() - startMs <= 6_000)
  })

  it('goes on with what a custodian killed in the middle of it had answered for', async () => {
    await world.addMany(12)
    const node = custodians()[2]!
    const kept = await world.deposit(node, bob)
    let isAnswered = false
    const lost = depositOf(bob, { permit: permitFor(bob) })
    void node.letters.deposit(lost).then(() => {
      isAnswered = true
    })
    await world.clock.advance(1)
    const store = world.kill(node)
    assert.equal(isAnswered, false)
    await world.clock.advance(HOUR_MS)
    const again = await world.add(node.name, { store })
    assert.equal(again.letters.status().letters, 1)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(kept)), sorted(namesOf(custodians())))
    assert.deepEqual(world.keepersOf(lost), [])
  })

  it('passes over those who do not speak the protocol or keep nothing', async () => {
    await world.addMany(6)
    await world.add('mute 1', { speaksMailbox: false })
    await world.add('mute 2', { speaksMailbox: false })
    await world.add('poor 1', { storageBytes: 0 })
    for (let i = 6; i < 16; i++) {
      await world.add(`node ${i}`)
    }
    const able = (): string[] =>
      world
        .nearest(bob)
        .filter(({ name }) => name.startsWith('node'))
        .map(({ name }) => name)
    const request = await world.deposit(world.nodes.get(able()[0]!)!, bob)
    await world.clock.advance(6 * HOUR_MS)
    const keepers = world.keepersOf(request)
    assert.ok(keepers.length >= 9, `${keepers.length} keep it`)
    assert.deepEqual(
      able()
        .slice(0, 8)
        .filter((name) => !keepers.includes(name)),
      [],
    )
    assert.ok(keepers.every((name) => name.startsWith('node')))
  })

  it('goes on with its rounds when the wall clock jumps by a day', async () => {
    await world.addMany(12)
    const request = await world.deposit(custodians()[0]!, bob)
    world.clock.setWallMs(world.clock.wallMs() - DAY_MS)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(request)), sorted(namesOf(custodians())))
    const later = await world.deposit(custodians()[0]!, bob)
    world.clock.setWallMs(world.clock.wallMs() + 2 * DAY_MS)
    await world.clock.advance(3 * HOUR_MS)
    assert.deepEqual(sorted(world.keepersOf(later)), sorted(namesOf(custodians())))
  })

  it('forgets letters and acknowledgements after 14 days, everywhere', async () => {
    await world.addMany(6)
    const acknowledged = await world.deposit(custodians()[0]!, bob)
    const request = await world.deposit(custodians()[1]!, bob)
    await world.clock.advance(2 * HOUR_MS)
    await world.clock.run(
      custodians()[2]!.letters.acknowledge(bob.publicKey, [tombstoneOf(bob, acknowledged.letterId)], 'bob'),
    )
    await world.clock.advance(LETTER_RETENTION_MS - 4 * HOUR_MS)
    assert.equal(world.keepersOf(request).length, 6)
    assert.equal(world.buriedAt(acknowledged).length, 6)
    await world.clock.advance(4 * HOUR_MS)
    assert.deepEqual([world.keepersOf(request), world.buriedAt(acknowledged)], [[], []])
    for (const { letters, replication } of world.nodes.values()) {
      assert.deepEqual([letters.status().mailboxes, replication.status().mailboxes], [0, 0])
    }
  })

  it('lets only those near a mailbox take part in keeping it', async () => {
    await world.addMany(30)
    const [near, far] = [world.nearest(bob)[1]!, world.nearest(bob).at(-1)!]
    const { letters } = custodians()[0]!
    const asked = (peerId: string): Promise<boolean> => world.clock.run(letters.isCustodianPeer(bob.publicKey, peerId))
    assert.equal(await asked(near.peerId), true)
    assert.equal(await asked(far.peerId), false)
    const request = await world.deposit(near, bob)
    const replica = await world.clock.run(near.letters.replica(bob.publicKey, request.letterId))
    const peer = { peerId: custodians()[0]!.peerId, addresses: ['/memory'] }
    const signal = new AbortController().signal
    assert.deepEqual(await world.clock.run(far.client.replicate(peer, bob.publicKey, replica!, signal)), {
      refused: 'no-storage',
    })
    assert.deepEqual(world.keepersOf(request), [near.name])
  })
})
