import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ArchivedMessage } from '../../src/node/api.ts'
import { element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { befriend, chat, heard, type Person, virtualStage } from '../support/people.ts'

const DAY_MS = 24 * 3_600_000

type VirtualStage = ReturnType<typeof virtualStage>

async function play(
  seed: number,
  act: (stage: VirtualStage, romeo: Person, juliet: Person) => Promise<void>,
): Promise<void> {
  const stage = virtualStage(seed)
  try {
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await act(stage, romeo, juliet)
  } finally {
    await stage.close()
  }
}

function sent(person: Person, other: Person): readonly ArchivedMessage[] {
  return person.account.history(other.address, { limit: 1_000 }).filter((message) => message.direction === 'out')
}

test('a message whose acknowledgement was lost is sent again and shown once', async () => {
  await play(1, async (stage, romeo, juliet) => {
    await befriend(stage, romeo, juliet)
    await stage.run(romeo.account.send(chat(juliet, 'O, wilt thou leave me so unsatisfied?')))
    await stage.until(juliet, () => heard(juliet, romeo).length === 1)
    await romeo.kill()
    await romeo.start()
    await stage.until(romeo, () => sent(romeo, juliet)[0]?.state === 'delivered')
    assert.equal(heard(juliet, romeo).length, 1)
  })
})

test('a message that nobody takes fails after 14 days, and its sender is told', async () => {
  await play(2, async (stage, romeo, juliet) => {
    await befriend(stage, romeo, juliet)
    stage.world.setPartitioned(romeo.node.peerId, juliet.node.peerId, true)
    const { id } = await stage.run(romeo.account.send(chat(juliet, 'Where art thou?')))
    await stage.clock.advance(14 * DAY_MS + 3_600_000)
    assert.equal(romeo.account.messageState(juliet.address, id), 'failed')
    assert.ok(romeo.events.some((event) => event.type === 'message-state' && event.state === 'failed'))
  })
})

test('somebody who is no contact may write, but not flood', async () => {
  await play(3, async (stage, romeo, juliet) => {
    await stage.run(romeo.account.addContact(juliet.address))
    await stage.until(romeo, () => romeo.node.status().accounts[0]?.linkedContacts === 1)
    const flood = Array.from({ length: 1_300 }, (_, index) => chat(juliet, `buy ${index}`))
    await stage.run(Promise.all(flood.map(async (message) => await romeo.account.send(message))))
    await stage.until(romeo, () => romeo.node.status().accounts[0]?.outboxMessages === 0)
    const taken = juliet.account.history(romeo.address, { limit: 1_000 }).length
    assert.ok(taken >= 1_000)
    assert.ok((juliet.node.status().refused['policy-violation'] ?? 0) > 0)
  })
})

test('who was removed sees no presence any more and has to ask again', async () => {
  await play(4, async (stage, romeo, juliet) => {
    await befriend(stage, romeo, juliet)
    romeo.account.setPresence('balcony', element('presence', NS_CLIENT))
    await stage.until(juliet, () => juliet.account.presencesOf(romeo.address).length === 1)
    await stage.run(romeo.account.removeContact(juliet.address))
    await stage.until(juliet, () => juliet.account.presencesOf(romeo.address).length === 0)
    await stage.until(juliet, () => juliet.account.roster()[0]?.subscription === 'none')
    assert.deepEqual(romeo.account.roster(), [])
  })
})

test('through kills, partitions and returns at random moments everything arrives once, in order', async () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.constant('write' as const) },
    { weight: 2, arbitrary: fc.constantFrom('kill romeo' as const, 'kill juliet' as const, 'partition' as const) },
    { weight: 2, arbitrary: fc.nat(2_000).map((ms) => ms) },
  )
  const seeds = fc.integer({ min: 1, max: 1_000_000 })
  await fc.assert(
    fc.asyncProperty(seeds, fc.array(act, { minLength: 10, maxLength: 40, size: 'max' }), async (seed, acts) => {
      await play(seed, async (stage, romeo, juliet) => {
        await befriend(stage, romeo, juliet)
        const written: string[] = []
        for (const step of acts) {
          if (step === 'write') {
            written.push(`line ${written.length}`)
            await stage.run(romeo.account.send(chat(juliet, written.at(-1) ?? '')))
          } else if (step === 'partition') {
            stage.world.setPartitioned(romeo.node.peerId, juliet.node.peerId, true)
            await stage.clock.advance(40_000)
            stage.world.setPartitioned(romeo.node.peerId, juliet.node.peerId, false)
          } else if (typeof step === 'number') {
            await stage.clock.advance(step)
          } else {
            const victim = step === 'kill romeo' ? romeo : juliet
            await victim.kill()
            await victim.start()
          }
        }
        await stage.until(juliet, () => heard(juliet, romeo).length >= written.length)
        await stage.clock.advance(60_000)
        assert.deepEqual(heard(juliet, romeo), written)
      })
    }),
    { numRuns: 25 },
  )
})
