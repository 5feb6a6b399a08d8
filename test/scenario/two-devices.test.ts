import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { nodeSchema } from '../../src/schema.ts'
import { element } from '../../src/xml/element.ts'
import { befriend, chat, heard, type Person, type VirtualStage, virtualStage } from '../support/people.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

const SEED = 1
const MINUTE_MS = 60_000

/** Another device of a person, whose keys follow from the seed of the stage and the name. */
async function secondDevice(stage: VirtualStage, name: string): Promise<KabberNode> {
  const { clock, world } = stage
  const own = new SeededRandom(SEED).fork(name)
  own.bytes(32)
  const key = AccountKey.fromSeed(own.bytes(32))
  const random = new SeededRandom(`${name}'s tablet`)
  const nodeKey = NodeKey.fromSeed(random.bytes(32))
  const store = new MemoryStore(nodeSchema, { clock, commitDelayMs: 1 })
  const system = { clock, random, network: world.createNetwork(nodeKey.peerId), logger: new RecordingLogger(), store }
  const node = createNode(system, { node: nodeKey, accounts: [{ key, nickname: name }] })
  await stage.run(node.start())
  return node
}

async function play(act: (stage: VirtualStage, romeo: Person, juliet: Person) => Promise<void>): Promise<void> {
  const stage = virtualStage(SEED)
  try {
    // They keep letters.
    await stage.person('Nurse')
    await stage.person('Benvolio')
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await befriend(stage, romeo, juliet)
    await stage.clock.advance(MINUTE_MS)
    await act(stage, romeo, juliet)
  } finally {
    await stage.close()
  }
}

test('a device that cannot open a letter leaves it to the one it was sealed for', async () => {
  await play(async (stage, romeo, juliet) => {
    await juliet.stop()
    const { id } = await stage.run(romeo.account.send(chat(juliet, 'Adieu!')))
    await stage.until(romeo, () => romeo.account.messageState(juliet.address, id) === 'stored')
    await romeo.stop()
    const tablet = await secondDevice(stage, 'Juliet')
    assert.equal(tablet.accounts[0]?.address, juliet.address)
    await stage.clock.advance(10 * MINUTE_MS)
    assert.deepEqual(tablet.accounts[0]?.archive({}).messages, [])
    await stage.run(tablet.stop())
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length === 1)
  })
})

test('of two devices the profile that was set last is shown, as a whole', async () => {
  await play(async (stage, romeo, juliet) => {
    const item = (id: string) => ({ node: 'n', id, payload: element('x', 'urn:x') })
    const tablet = await secondDevice(stage, 'Juliet')
    const shown = async (): Promise<unknown> =>
      await stage.run(romeo.account.publicProfile(juliet.address, new AbortController().signal))
    await stage.run(juliet.account.setPublicProfile({ nickname: 'phone', items: [item('phone')] }))
    await stage.clock.advance(5 * MINUTE_MS)
    assert.deepEqual(await shown(), { nickname: 'phone', items: [item('phone')] })
    await stage.run(tablet.accounts[0]?.setPublicProfile({ nickname: 'tablet', items: [] }) ?? Promise.resolve())
    await stage.clock.advance(15 * MINUTE_MS)
    assert.deepEqual(await shown(), { nickname: 'tablet', items: [] })
    const signal = new AbortController().signal
    assert.equal((await stage.run(juliet.account.publicProfile(juliet.address, signal)))?.nickname, 'tablet')
    await stage.run(tablet.stop())
  })
})
