import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openAccountRecord } from '../../../src/identity/account-record.ts'
import { RECORD_CACHE_FRESH_MS } from '../../../src/node/directory.ts'
import { CACHED_RECORDS_MAX } from '../../../src/node/record-cache.ts'
import { CUSTODIANS_FRESH_MS } from '../../../src/node/record-lookup.ts'
import { accountOf, DAY_MS, HOUR_MS, never, peerIdOf, RecordWorld, recordOf } from './record-world.ts'

const alice = accountOf('alice')

describe('a directory', () => {
  let world: RecordWorld

  beforeEach(() => {
    world = new RecordWorld('directory')
  })

  afterEach(() => world.stop())

  const publish = (node: Awaited<ReturnType<RecordWorld['add']>>, nickname?: string) =>
    world.clock.run(node.directory.publish({ key: alice, nickname }))
  const lookup = (node: Awaited<ReturnType<RecordWorld['add']>>, refresh = false) =>
    world.clock.run(node.directory.lookup(alice.address, never, { refresh }))

  it('publishes a record to the ten closest nodes, where anybody finds it', async () => {
    await world.addMany(11)
    const home = await world.add("alice's", { keepsStorage: false })
    assert.equal(await publish(home, 'Alice'), 10)
    assert.equal(home.directory.custodiansOf(alice.address), 10)
    assert.equal((await world.keepers(alice)).length, 10)
    const stranger = await world.add('stranger')
    const record = await lookup(stranger)
    assert.equal(record?.address, alice.address)
    assert.equal(record?.profile?.nickname, 'Alice')
    assert.deepEqual(
      record?.nodes.map(({ peerId, addresses }) => ({ peerId, addresses })),
      [{ peerId: peerIdOf("alice's"), addresses: home.network.addresses() }],
    )
    assert.deepEqual(record?.encoded, home.directory.ownRecord(alice.address))
  })

  it('counts itself among the custodians when it keeps storage', async () => {
    await world.addMany(3)
    const home = await world.add("alice's")
    assert.equal(await publish(home), 4)
  })

  it('renews the record every 22 hours for months and lets it expire 30 days after the node has gone', async () => {
    await world.addMany(11)
    const home = await world.add("alice's", { keepsStorage: false })
    await publish(home)
    await world.clock.advance(60 * DAY_MS)
    const sequence = (await lookup(world.nodes[0]!, true))?.sequence ?? 0
    assert.equal(sequence, 1 + Math.floor((60 * DAY_MS) / (22 * HOUR_MS)))
    await world.clock.run(home.stop())
    await world.clock.advance(29 * DAY_MS)
    assert.equal((await world.keepers(alice)).length, 10)
    await world.clock.advance(2 * DAY_MS)
    assert.equal((await world.keepers(alice)).length, 0)
    assert.equal(await lookup(world.nodes[0]!), undefined)
    assert.ok(
      world.nodes.every((node) => node.custody.recordsKept() === 0),
      'deleted, not only hidden',
    )
  })

  it('does not renew a record that has nothing new to say, and does when it has', async () => {
    await world.addMany(4)
    const home = await world.add("alice's")
    await publish(home, 'Alice')
    const first = home.directory.ownRecord(alice.address)
    await publish(home, 'Alice')
    assert.deepEqual(home.directory.ownRecord(alice.address), first)
    await publish(home, 'Alice B.')
    const record = await lookup(world.nodes[0]!)
    assert.deepEqual([record?.sequence, record?.profile?.nickname], [2, 'Alice B.'])
  })

  it('answers from its cache for an hour, then asks again', async () => {
    await world.addMany(4)
    const home = await world.add("alice's")
    const bob = await world.add("bob's", { keepsStorage: false })
    await publish(home, 'Alice')
    assert.equal(bob.directory.cached(alice.address), undefined)
    await lookup(bob)
    await publish(home, 'Alice B.')
    assert.equal((await lookup(bob))?.profile?.nickname, 'Alice')
    assert.equal((await lookup(bob, true))?.profile?.nickname, 'Alice B.')
    await publish(home, 'Alice C.')
    await world.clock.advance(RECORD_CACHE_FRESH_MS)
    assert.equal((await lookup(bob))?.profile?.nickname, 'Alice C.')
    assert.equal(bob.directory.cached(alice.address)?.profile?.nickname, 'Alice C.')
  })

  it('asks ten custodians that had the record again without looking for them, for a quarter of an hour', async () => {
    await world.addMany(14)
    const home = await world.add("alice's", { keepsStorage: false })
    const bob = await world.add("bob's", { keepsStorage: false })
    let lookups = 0
    const closestPeers = bob.network.closestPeers.bind(bob.network)
    bob.network.closestPeers = (...args) => {
      lookups++
      return closestPeers(...args)
    }
    await lookup(bob, true)
    await lookup(bob, true)
    assert.equal(lookups, 2, 'there is no record yet')
    await publish(home, 'Alice')
    await lookup(bob, true)
    await publish(home, 'Alice B.')
    assert.equal((await lookup(bob, true))?.profile?.nickname, 'Alice B.')
    assert.equal(lookups, 3)
    for (const custodian of await world.keepers(alice)) {
      await world.clock.run(custodian.stop())
    }
    await publish(home, 'Alice C.')
    assert.equal((await lookup(bob, true))?.profile?.nickname, 'Alice C.', 'nobody of them answers')
    assert.equal(lookups, 4)
    await world.clock.advance(CUSTODIANS_FRESH_MS)
    await lookup(bob, true)
    assert.equal(lookups, 5)
  })

  it('asks the custodians once for all who want the same record at the same time', async () => {
    let gets = 0
    const keeper = (custody: { get: (key: Uint8Array, from: string) => Promise<Uint8Array | undefined> }) => ({
      put: async () => 'no-storage' as const,
      get: (key: Uint8Array, from: string) => {
        gets++
        return custody.get(key, from)
      },
    })
    await world.addMany(5, { keeper: keeper as never })
    const bob = await world.add("bob's")
    await world.clock.run(Promise.all([1, 2, 3].map(() => bob.directory.lookup(alice.address, never))))
    assert.equal(gets, 5)
  })

  it('gives up for the caller who aborts and goes on for the others', async () => {
    await world.addMany(4)
    const home = await world.add("alice's")
    await publish(home)
    const bob = await world.add("bob's")
    const controller = new AbortController()
    const impatient = bob.directory.lookup(alice.address, controller.signal)
    const patient = bob.directory.lookup(alice.address, never)
    controller.abort(new Error('enough'))
    await assert.rejects(impatient, /enough/)
    assert.equal((await world.clock.run(patient))?.address, alice.address)
    await assert.rejects(bob.directory.lookup(alice.address, controller.signal), /enough/)
  })

  it('knows no account behind an address that is no XID', async () => {
    const bob = await world.add("bob's")
    assert.equal(await bob.directory.lookup('juliet@capulet.example', never), undefined)
    assert.equal(bob.directory.cached('juliet@capulet.example'), undefined)
  })

  it('finds the record while a third of its custodians are dead', async () => {
    const custodians = await world.addMany(12)
    const home = await world.add("alice's", { keepsStorage: false })
    await publish(home)
    const keepers = await world.keepers(alice)
    await world.clock.run(home.stop())
    for (const dead of keepers.slice(0, 4)) {
      world.world.kill(dead.network.peerId)
    }
    const bob = await world.add("bob's", { keepsStorage: false })
    assert.equal((await lookup(bob))?.sequence, 1)
    assert.equal(custodians.length, 12)
  })

  it('finds the record while a third of its custodians are silent', async () => {
    const silent = { put: () => new Promise<never>(() => {}), get: () => new Promise<never>(() => {}) }
    for (let i = 0; i < 12; i++) {
      await world.add(`custodian ${i}`, i % 3 === 0 ? { keeper: () => silent } : {})
    }
    const home = await world.add("alice's", { keepsStorage: false })
    const stored = await publish(home)
    assert.ok(stored >= 6 && stored < 10, `${stored} stored`)
    const bob = await world.add("bob's", { keepsStorage: false })
    const before = world.clock.monotonicMs()
    assert.equal((await lookup(bob))?.sequence, 1)
    assert.ok(world.clock.monotonicMs() - before < 2_000, 'the silent ones are not waited for')
  })

  it('keeps its sequence over a restart, although nobody else remembers it', async () => {
    const home = await world.add("alice's")
    await publish(home, 'Alice')
    await publish(home, 'Alice B.')
    await world.clock.run(home.stop())
    const again = await world.add("alice's", { store: home.store })
    await publish(again, 'Alice C.')
    assert.equal(
      openAccountRecord(again.directory.ownRecord(alice.address)!, { nowMs: world.clock.wallMs() }).sequence,
      3,
    )
  })

  it('keeps its sequence also when its record expired while it was away', async () => {
    const home = await world.add("alice's")
    await publish(home, 'Alice')
    await publish(home, 'Alice B.')
    await world.clock.run(home.stop())
    await world.clock.advance(40 * DAY_MS)
    const again = await world.add("alice's", { store: home.store })
    assert.equal(again.directory.ownRecord(alice.address), undefined)
    await publish(again, 'Alice B.')
    assert.equal((await lookup(again))?.sequence, 3)
  })

  it('has its own record on disk before anybody else has it', async () => {
    await world.addMany(4)
    const home = await world.add("alice's")
    home.store.failNextCommit()
    await assert.rejects(publish(home), { name: 'StoreError' })
    assert.equal((await world.keepers(alice)).length, 0)
    assert.equal(home.directory.ownRecord(alice.address), undefined)
    assert.equal(await publish(home), 5)
  })

  it('continues the sequence and the profile in a home recovered from the phrase', async () => {
    await world.addMany(11)
    const lost = await world.add("alice's lost")
    await publish(lost, 'Alice')
    await publish(lost, 'Alice B.')
    await world.clock.run(lost.stop())
    const recovered = await world.add("alice's new")
    await publish(recovered)
    const record = await lookup(world.nodes[0]!)
    assert.deepEqual([record?.sequence, record?.profile?.nickname], [3, 'Alice B.'])
    assert.deepEqual(
      record?.nodes.map(({ peerId }) => peerId).sort(),
      [peerIdOf("alice's lost"), peerIdOf("alice's new")].sort(),
    )
  })

  it('continues the sequence of a home recovered without a network, as soon as there is one', async () => {
    await world.addMany(11)
    const lost = await world.add("alice's lost")
    await publish(lost, 'Alice')
    await publish(lost, 'Alice B.')
    await world.clock.run(lost.stop())
    world.world.setOffline(peerIdOf("alice's new"), true)
    const recovered = await world.add("alice's new")
    assert.equal(await publish(recovered), 1)
    world.world.setOffline(peerIdOf("alice's new"), false)
    recovered.network.emit({ type: 'peer-connected', peerId: world.nodes[0]!.network.peerId })
    await world.clock.advance(60_000)
    const record = await lookup(world.nodes[0]!)
    assert.deepEqual([record?.sequence, record?.nodes.length], [3, 2])
  })

  it('lists both devices of an account that publish at the same time', async () => {
    await world.addMany(11)
    const laptop = await world.add("alice's laptop", { keepsStorage: false })
    const phone = await world.add("alice's phone", { keepsStorage: false })
    await world.clock.run(
      Promise.all([laptop, phone].map((node) => node.directory.publish({ key: alice, nickname: 'Alice' }))),
    )
    await world.clock.advance(HOUR_MS)
    const record = await lookup(world.nodes[0]!, true)
    assert.deepEqual(
      record?.nodes.map(({ peerId }) => peerId).sort(),
      [peerIdOf("alice's laptop"), peerIdOf("alice's phone")].sort(),
    )
    assert.ok((record?.sequence ?? 99) <= 4, `sequence ${record?.sequence}`)
    await world.clock.advance(10 * DAY_MS)
    const later = await lookup(world.nodes[0]!, true)
    assert.equal(later?.nodes.length, 2)
    const renewals = (10 * DAY_MS) / (22 * HOUR_MS)
    assert.ok(later!.sequence - record!.sequence <= 2 * renewals + 2, 'the two do not answer each other for ever')
  })

  it('publishes again soon after its addresses changed, however often they do', async () => {
    await world.addMany(11)
    const home = await world.add("alice's")
    await publish(home)
    let addresses = ['/ip4/192.0.2.1/tcp/4001']
    home.network.addresses = () => addresses
    home.network.emit({ type: 'addresses-changed' })
    await world.clock.advance(2_000)
    assert.deepEqual((await lookup(world.nodes[0]!, true))?.nodes[0]?.addresses, addresses)
    for (let i = 0; i < 3_600; i++) {
      addresses = [`/ip4/192.0.2.1/tcp/${5000 + i}`]
      home.network.emit({ type: 'addresses-changed' })
      await world.clock.advance(1_000)
    }
    const { sequence } = (await lookup(world.nodes[0]!, true))!
    assert.ok(sequence < 25, `${sequence} records in an hour of flapping`)
    await world.clock.advance(600_000)
    assert.deepEqual((await lookup(world.nodes[0]!, true))?.nodes[0]?.addresses, addresses)
  })

  it('publishes again when peers come while custodians are missing, and only to those that lack the record', async () => {
    const home = await world.add("alice's", { keepsStorage: false })
    assert.equal(await publish(home), 0)
    let puts = 0
    const keeper = (custody: { put: (record: Uint8Array, from: string) => Promise<'stored'> }) => ({
      put: (record: Uint8Array, from: string) => {
        puts++
        return custody.put(record, from)
      },
      get: async () => undefined,
    })
    for (let i = 0; i < 10; i++) {
      const node = await world.add(`late ${i}`, { keeper: keeper as never })
      home.network.emit({ type: 'peer-connected', peerId: node.network.peerId })
      await world.clock.advance(120_000)
    }
    await world.clock.advance(HOUR_MS)
    assert.equal(home.directory.custodiansOf(alice.address), 10)
    assert.equal(puts, 10)
  })

  it('learns records met elsewhere: new, known, and refused ones by reason', async () => {
    const bob = await world.add("bob's")
    const changes: number[] = []
    bob.directory.subscribe(({ record, own }) => changes.push(own ? -1 : record.sequence))
    const nowMs = world.clock.wallMs()
    const second = recordOf(alice, nowMs, { sequence: 2 })
    assert.equal(bob.directory.learn(second), 'new')
    assert.equal(bob.directory.learn(second), 'known')
    assert.equal(bob.directory.learn(recordOf(alice, nowMs, { sequence: 1 })), 'older')
    assert.equal(bob.directory.learn(recordOf(alice, nowMs - 31 * DAY_MS, { sequence: 3 })), 'expired')
    assert.equal(bob.directory.learn(recordOf(alice, nowMs + 2 * DAY_MS, { sequence: 3 })), 'not-yet-valid')
    assert.equal(bob.directory.learn(Uint8Array.of(1, 2, 3)), 'malformed')
    assert.equal(bob.directory.learn(new Uint8Array(40_000)), 'too-large')
    const forged = recordOf(alice, nowMs, { sequence: 4 })
    forged[forged.length - 1]! ^= 1
    assert.equal(bob.directory.learn(forged), 'signature')
    assert.deepEqual(changes, [2])
    assert.deepEqual(Object.fromEntries(bob.refused), {
      older: 1,
      expired: 1,
      'not-yet-valid': 1,
      malformed: 1,
      'too-large': 1,
      signature: 1,
    })
    assert.equal(bob.directory.cached(alice.address)?.sequence, 2)
  })

  it('remembers learnt records over a restart', async () => {
    const bob = await world.add("bob's")
    bob.directory.learn(recordOf(alice, world.clock.wallMs(), { sequence: 7 }))
    await world.clock.advance(10)
    await world.clock.run(bob.stop())
    const again = await world.add("bob's", { store: bob.store })
    assert.equal(again.directory.cached(alice.address)?.sequence, 7)
  })

  it('keeps a bounded number of learnt records: the one not met for longest gives way', async () => {
    const bob = await world.add("bob's", { keepsStorage: false })
    const keys = Array.from({ length: CACHED_RECORDS_MAX + 10 }, (_, i) => accountOf(`account ${i}`))
    const nowMs = world.clock.wallMs()
    bob.directory.learn(recordOf(keys[0]!, nowMs))
    for (const key of keys.slice(1, -10)) {
      await world.clock.advance(1)
      bob.directory.learn(recordOf(key, nowMs))
    }
    bob.directory.learn(recordOf(keys[0]!, nowMs))
    for (const key of keys.slice(-10)) {
      await world.clock.advance(1)
      bob.directory.learn(recordOf(key, nowMs))
    }
    await world.clock.run(bob.stop())
    const again = await world.add("bob's", { store: bob.store })
    const gone = keys.filter((key) => again.directory.cached(key.address) === undefined)
    assert.deepEqual(gone, keys.slice(1, 11))
  })

  it('tells of its own record when it changed', async () => {
    const home = await world.add("alice's")
    const changes: [number, boolean][] = []
    home.directory.subscribe(({ record, own }) => changes.push([record.sequence, own]))
    await publish(home, 'Alice')
    await publish(home, 'Alice')
    await publish(home, 'Alice B.')
    assert.deepEqual(changes, [
      [1, true],
      [2, true],
    ])
  })

  it('leaves no timer behind', async () => {
    await world.addMany(5)
    const home = await world.add("alice's")
    await publish(home)
    await lookup(world.nodes[0]!)
    await world.stop()
    await world.clock.advance(60_000)
    assert.equal(world.clock.pendingTimers, 0)
  })
})
