import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { Account, KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { addOwnAccount, readOwnKeys, writeOwnKeys } from '../../src/node/own-keys.ts'
import { nodeSchema } from '../../src/schema.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { type Person, type VirtualStage, virtualStage } from '../support/people.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

interface Family {
  readonly node: KabberNode
  readonly alice: Account
  readonly bob: Account
}

/** One home with two accounts, of which the second came later. */
async function familyOn(stage: VirtualStage): Promise<Family> {
  const { clock, world } = stage
  const random = new SeededRandom('family')
  const store = new MemoryStore(nodeSchema, { clock, commitDelayMs: 1 })
  const [aliceKey, bobKey] = [AccountKey.fromSeed(random.bytes(32)), AccountKey.fromSeed(random.bytes(32))]
  const nodeKey = NodeKey.fromSeed(random.bytes(32))
  await stage.run(writeOwnKeys(store, { node: nodeKey, accounts: [{ key: aliceKey, nickname: 'Alice' }] }))
  await stage.run(addOwnAccount(store, { key: bobKey, nickname: 'Robert' }))
  await stage.run(addOwnAccount(store, { key: bobKey, nickname: 'Bob' }))
  const keys = readOwnKeys(store.read)
  assert.ok(keys !== undefined)
  const network = world.createNetwork(nodeKey.peerId)
  const node = createNode({ clock, random, network, store, logger: new RecordingLogger() }, keys)
  await stage.run(node.start())
  const of = (key: AccountKey): Account => node.accounts.find(({ address }) => address === key.address) as Account
  return { node, alice: of(aliceKey), bob: of(bobKey) }
}

async function play(act: (stage: VirtualStage, family: Family, romeo: Person) => Promise<void>): Promise<void> {
  const stage = virtualStage()
  const romeo = await stage.person('Romeo')
  const family = await familyOn(stage)
  try {
    await act(stage, family, romeo)
  } finally {
    await stage.run(family.node.stop())
    await stage.close()
  }
}

function say(to: string, body: string): Element {
  return element('message', NS_CLIENT, { to, type: 'chat' }, [element('body', NS_CLIENT, {}, [body])])
}

function bodies(account: Account): string[] {
  return account.archive({}).messages.map(({ body }) => body)
}

async function befriend(stage: VirtualStage, one: Account, other: Account): Promise<void> {
  await stage.run(one.addContact(other.address))
  await stage.run(other.addContact(one.address))
  const isBoth = (account: Account, contact: Account): boolean =>
    account.rosterItem(contact.address)?.subscription === 'both'
  await stage.clock.runUntil(() => isBoth(one, other) && isBoth(other, one))
}

test('two accounts of one node write to, see, ask and block each other, each with an archive of its own', async () => {
  await play(async (stage, { alice, bob }) => {
    assert.deepEqual([alice.alias, bob.alias], ['alice', 'bob'])
    await befriend(stage, alice, bob)
    assert.equal(alice.isReachable(bob.address), true)
    await stage.run(alice.send(say(bob.address, 'dinner?')))
    await stage.clock.runUntil(() => bodies(bob).length === 1)
    await stage.run(bob.send(say(bob.address, 'note')))
    assert.deepEqual([bodies(alice), bodies(bob)], [['dinner?'], ['dinner?', 'note']])
    bob.setPresence('phone', element('presence', NS_CLIENT))
    await stage.clock.runUntil(() => alice.presencesOf(bob.address).length === 1)
    alice.answerQueries(async () => element('iq', NS_CLIENT, { type: 'result' }))
    const iq = element('iq', NS_CLIENT, { to: alice.address, type: 'get', id: 'a' }, [element('x', 'urn:x')])
    const answer = await stage.run(bob.query(iq, new AbortController().signal))
    assert.equal(answer.attribute('type'), 'result')
    await stage.run(bob.block([alice.address]))
    await stage.clock.runUntil(() => alice.presencesOf(bob.address).length === 0)
  })
})

test('each account of a node has contacts elsewhere and a profile of its own', async () => {
  await play(async (stage, { node, alice, bob }, romeo) => {
    await befriend(stage, alice, romeo.account)
    await befriend(stage, bob, romeo.account)
    await stage.run(romeo.account.send(say(alice.address, 'to Alice')))
    await stage.run(romeo.account.send(say(bob.address, 'to Bob')))
    await stage.clock.runUntil(() => bodies(alice).length === 1 && bodies(bob).length === 1)
    assert.deepEqual([bodies(alice), bodies(bob)], [['to Alice'], ['to Bob']])
    await stage.run(alice.setPublicProfile({ nickname: 'A.', items: [] }))
    await stage.run(bob.setPublicProfile({ nickname: 'B.', items: [] }))
    await stage.clock.advance(60_000)
    const nicknameOf = async ({ address }: Account): Promise<string | undefined> =>
      (await romeo.account.publicProfile(address, new AbortController().signal))?.nickname
    assert.deepEqual([await stage.run(nicknameOf(alice)), await stage.run(nicknameOf(bob))], ['A.', 'B.'])
    assert.deepEqual(
      node.status().accounts.map(({ contacts, linkedContacts }) => [contacts, linkedContacts]),
      [
        [1, 1],
        [1, 1],
      ],
    )
  })
})
