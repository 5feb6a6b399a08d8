import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { DepositRequest } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { CUSTODIANS_PER_PLACE } from '../../../src/protocol/mailbox/letter-limits.ts'
import { type CustodianNode, CustodianWorld, namesOf } from './custodian-world.ts'
import { depositOf, mailboxOf, permitFor, said, sealedLetter } from './letter-maker.ts'
import { HOUR_MS, peerIdOf } from './record-world.ts'

const bob = mailboxOf('bob')

describe('replication under load and abuse', () => {
  let world: CustodianWorld

  beforeEach(() => {
    world = new CustodianWorld('limits')
  })

  afterEach(async () => {
    await world.stop()
    assert.equal(world.clock.pendingTimers, 0, 'everything that was begun has ended')
  })

  const custodians = (): CustodianNode[] => world.nearest(bob).slice(0, CUSTODIANS_PER_PLACE)

  it('cares for hundreds of mailboxes with four lookups at a time, and hands most over within its 5 s', async () => {
    const nodes = await world.addMany(13)
    const leaver = nodes[0]!
    let lookups = 0
    let most = 0
    const { network } = leaver
    const closestPeers = network.closestPeers.bind(network)
    network.closestPeers = async (key, count, signal) => {
      most = Math.max(most, ++lookups)
      try {
        return await closestPeers(key, count, signal)
      } finally {
        lookups--
      }
    }
    const requests: DepositRequest[] = []
    for (let i = 0; i < 100; i++) {
      requests.push(await world.deposit(leaver, mailboxOf(`person ${i}`)))
    }
    await world.clock.advance(1.2 * HOUR_MS)
    assert.ok(most <= 4, `${most} lookups`)
    assert.ok(requests.every((request) => world.keepersOf(request).length >= 3))
    const before = requests.map((request) => world.keepersOf(request))
    await world.leave(leaver)
    const lost = requests.filter((request) => world.keepersOf(request).length === 0)
    assert.equal(lost.length, 0)
    const given = requests.filter((request, i) => world.keepersOf(request).length >= before[i]!.length)
    assert.ok(given.length > 50, `${given.length} of 100 have as many keepers as before`)
  })

  it('keeps custodians that differ for good because somebody filled each with other letters', async () => {
    await world.addMany(12)
    const names = namesOf(custodians())
    const permit = permitFor(bob)
    for (const { letters } of custodians()) {
      const flood = Array.from({ length: 32 }, () => {
        return letters.deposit(
          depositOf(bob, { permit, fromPeerId: peerIdOf('mallory'), letter: sealedLetter(65_536) }),
        )
      })
      assert.ok((await world.clock.run(Promise.all(flood))).every((outcome) => said(outcome) === 'kept'))
    }
    const request = await world.deposit(custodians()[0]!, bob)
    let moved = 0
    for (const { client } of world.nodes.values()) {
      const { fetch } = client
      client.fetch = (...asked) => {
        moved++
        return fetch.apply(client, asked)
      }
    }
    await world.clock.advance(2 * HOUR_MS)
    const first = moved
    await world.clock.advance(HOUR_MS)
    assert.ok(
      first > 100 && moved - first < first / 4,
      `${first} letters fetched in two hours, ${moved - first} in the next`,
    )
    await world.clock.advance(4 * HOUR_MS)
    assert.deepEqual(world.keepersOf(request).toSorted(), names.toSorted())
    const outsiders = world.nearest(bob).slice(CUSTODIANS_PER_PLACE)
    assert.deepEqual(
      outsiders.map(({ letters }) => letters.status().letters),
      [0, 0],
    )
  })

  it('does not look up without end for peers that ask about mailboxes they made up', async () => {
    const [victim] = await world.addMany(3)
    const { network, letters } = victim!
    let lookups = 0
    const closestPeers = network.closestPeers.bind(network)
    network.closestPeers = (key, count, signal) => {
      lookups++
      return closestPeers(key, count, signal)
    }
    const asked: Promise<boolean>[] = []
    for (let i = 0; i < 2000; i++) {
      asked.push(letters.isCustodianPeer(sealedLetter(32), peerIdOf('mallory')))
    }
    await world.clock.run(Promise.all(asked))
    assert.ok(lookups <= 128, `${lookups} lookups`)
    const crowd = Array.from({ length: 2000 }, (_, i) => letters.isCustodianPeer(sealedLetter(32), `mallory ${i}`))
    assert.ok((await world.clock.run(Promise.all(crowd))).every((answer) => !answer))
    assert.ok(lookups <= 512 + 16, `${lookups} lookups`)
    await world.clock.advance(10_000)
    assert.equal(await world.clock.run(letters.isCustodianPeer(bob.publicKey, peerIdOf('node 1'))), true)
  })

  it('takes the letters of a contact that a stranger’s flood at every custodian leaves room for', async () => {
    await world.addMany(10)
    const permit = permitFor(bob)
    const refused: string[] = []
    for (let round = 0; round < 20; round++) {
      for (const { letters } of custodians()) {
        const flood = Array.from({ length: 50 }, (_, i) =>
          letters.deposit(depositOf(bob, { fromPeerId: peerIdOf(`mallory ${i}`), letter: sealedLetter(64) })),
        )
        const outcome = letters.deposit(depositOf(bob, { permit, letter: sealedLetter(64) }))
        await world.clock.run(Promise.all(flood))
        refused.push(...[said(await world.clock.run(outcome))].filter((answer) => answer !== 'kept'))
      }
      await world.clock.advance(HOUR_MS / 4)
    }
    assert.deepEqual(refused, [])
    await world.clock.advance(2 * HOUR_MS)
    const contents = await Promise.all(
      custodians().map(async ({ letters }) => (await world.clock.run(letters.contents(bob.publicKey))).letters.length),
    )
    assert.ok(
      contents.every((count) => count === 200 + 125),
      String(contents),
    )
  })
})
