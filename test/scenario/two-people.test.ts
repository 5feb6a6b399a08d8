import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { StanzaError } from '../../src/xmpp/stanza-error.ts'
import { befriend, chat, heard, type Person, realStage, type Stage, virtualStage } from '../support/people.ts'

const stages: readonly [string, () => Stage][] = [
  ['on a virtual clock and an in-memory network', virtualStage],
  ['on real TCP and SQLite files', realStage],
]

async function play(
  open: () => Stage,
  act: (stage: Stage, romeo: Person, juliet: Person) => Promise<void>,
): Promise<void> {
  const stage = open()
  try {
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await act(stage, romeo, juliet)
  } finally {
    await stage.close()
  }
}

for (const [where, open] of stages) {
  describe(`two people ${where}`, () => {
    test('add each other and are each subscribed to the other', async () => {
      await play(open, async (stage, romeo, juliet) => {
        await befriend(stage, romeo, juliet)
        assert.equal(romeo.account.roster().length, 1)
      })
    })

    test('write to each other; each message arrives once, with all it carries', async () => {
      await play(open, async (stage, romeo, juliet) => {
        const thread = element('thread', NS_CLIENT, {}, ['balcony'])
        const request = element('request', 'urn:xmpp:receipts')
        const origin = element('origin-id', 'urn:xmpp:sid:0', { id: 'o1' })
        const sent = await stage.run(romeo.account.send(chat(juliet, 'Art thou not Romeo?', thread, request, origin)))
        await stage.until(juliet, () => heard(juliet, romeo).length === 1)
        const [message] = juliet.account.history(romeo.address)
        assert.ok(message !== undefined)
        assert.deepEqual(message.stanza.child('thread'), thread)
        assert.deepEqual(message.stanza.child('request', 'urn:xmpp:receipts'), request)
        assert.deepEqual(message.stanza.child('origin-id', 'urn:xmpp:sid:0'), origin)
        assert.equal(message.id, sent.id)
        await stage.until(romeo, () => romeo.account.messageState(juliet.address, sent.id) === 'delivered')
        await stage.run(juliet.account.send(chat(romeo, 'Neither, fair saint')))
        await stage.until(romeo, () => heard(romeo, juliet).length === 1)
        assert.deepEqual(heard(juliet, romeo), ['Art thou not Romeo?'])
      })
    })

    test('lose nothing when the recipient and then the sender go away before delivery', async () => {
      await play(open, async (stage, romeo, juliet) => {
        await befriend(stage, romeo, juliet)
        await juliet.stop()
        const lines = Array.from({ length: 30 }, (_, line) => `line ${line}`)
        for (const line of lines) {
          await stage.run(romeo.account.send(chat(juliet, line)))
        }
        await romeo.kill()
        await juliet.start()
        await romeo.start()
        await stage.until(juliet, () => heard(juliet, romeo).length === lines.length)
        assert.deepEqual(heard(juliet, romeo), lines)
      })
    })

    test('see each other come and go', async () => {
      await play(open, async (stage, romeo, juliet) => {
        await befriend(stage, romeo, juliet)
        juliet.account.setPresence(
          'balcony',
          element('presence', NS_CLIENT, {}, [element('show', NS_CLIENT, {}, ['chat'])]),
        )
        await stage.until(romeo, () => romeo.account.presencesOf(juliet.address).length === 1)
        assert.equal(romeo.account.presencesOf(juliet.address)[0]?.child('show')?.text(), 'chat')
        juliet.account.setPresence('balcony', undefined)
        await stage.until(romeo, () => romeo.account.presencesOf(juliet.address).length === 0)
      })
    })

    test('ask each other and get an answer', async () => {
      await play(open, async (stage, romeo, juliet) => {
        const ping = element('ping', 'urn:xmpp:ping')
        const iq = element('iq', NS_CLIENT, { to: juliet.address, type: 'get', id: 'p1' }, [ping])
        await befriend(stage, romeo, juliet)
        const answer = await stage.run(romeo.account.query(iq, new AbortController().signal))
        assert.deepEqual([answer.attribute('type'), answer.attribute('id')], ['result', 'p1'])
        await juliet.stop()
        const none = await stage.run(romeo.account.query(iq, new AbortController().signal))
        const { condition } = StanzaError.fromElement(none.child('error') ?? none)
        assert.deepEqual([none.attribute('type'), condition], ['error', 'remote-server-timeout'])
      })
    })
  })
}
