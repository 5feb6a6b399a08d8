import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { dayOf, mailboxOfDay } from '../../../src/identity/mailbox-key.ts'
import { LetterKeys } from '../../../src/node/letter-keys.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { accountOf, DAY_MS, never, peerIdOf, RecordWorld } from './record-world.ts'

it('custodians hold a record with the current prekey and the mailboxes of the coming days, for weeks', async () => {
  const world = new RecordWorld('letter keys')
  const { clock } = world
  await world.addMany(4)
  const alice = accountOf('alice')
  const peerId = peerIdOf('home')
  const components = { clock, random: new SeededRandom('keys'), logger: new RecordingLogger() }
  const store = new MemoryStore(nodeSchema, { clock })
  const keys = new LetterKeys({ ...components, store }, { accounts: [alice], peerId })
  await clock.run(keys.start())
  const home = await world.add('home', { partOf: (address) => keys.recordPart(address) })
  keys.onChanged(() => void home.directory.publish({ key: alice }))
  await clock.run(home.directory.publish({ key: alice }))
  const sequences: number[] = []
  for (let day = 0; day < 10; day++) {
    const lookup = world.nodes[0]!.directory.lookup(alice.address, never, { refresh: true })
    const record = (await clock.run(lookup))!
    const today = dayOf(clock.wallMs())
    assert.deepEqual(record.nodes[0]?.prekeys, [keys.recordPart(alice.address)!.prekey])
    for (const ahead of [0, 1, 40]) {
      assert.deepEqual(mailboxOfDay(record, today + ahead), keys.mailboxKey(alice.address, today + ahead).publicKey)
    }
    sequences.push(record.sequence)
    await clock.advance(DAY_MS)
  }
  const renewals = sequences.at(-1)! - sequences[0]!
  assert.ok(renewals >= 9 && renewals <= 20, `renewed ${renewals} times in 9 days`)
  await clock.run(keys.stop())
  await world.stop()
})
