import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccountEvent, RosterEntry } from '../../src/node/api.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { parseElement } from '../../src/xml/parser.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { StanzaError, type StanzaErrorCondition } from '../../src/xmpp/stanza-error.ts'
import { befriend, chat, heard, type Person, type VirtualStage, virtualStage } from '../support/people.ts'

const NEVER = new AbortController().signal

async function play(act: (stage: VirtualStage, romeo: Person, juliet: Person) => Promise<void>): Promise<void> {
  const stage = virtualStage()
  try {
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await act(stage, romeo, juliet)
  } finally {
    await stage.close()
  }
}

function eventsOf<Type extends AccountEvent['type']>(
  person: Person,
  type: Type,
): Extract<AccountEvent, { type: Type }>[] {
  return person.events.filter((event): event is Extract<AccountEvent, { type: Type }> => event.type === type)
}

function presence(type: string | undefined, to: Person, ...children: Element[]): Element {
  return element('presence', NS_CLIENT, { to: to.address, type }, children)
}

/** What is in the roster about somebody, in few words. */
function about(person: Person, other: Person): string {
  const item = person.account.rosterItem(other.address)
  const words = (entry: RosterEntry): (string | false)[] => [
    entry.subscription,
    entry.ask && 'ask',
    entry.pendingIn && 'pending',
    entry.approved && 'approved',
    !entry.isListed && 'unlisted',
  ]
  return item === undefined ? 'nobody' : words(item).filter(Boolean).join(' ')
}

async function refusedWith(condition: StanzaErrorCondition, run: Promise<unknown>): Promise<StanzaError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StanzaError)
  assert.equal(error.condition, condition)
  return error
}

function availableOf(person: Person, other: Person): string[] {
  return person.account.presencesOf(other.address).map((stanza) => stanza.attribute('from')?.split('/')[1] ?? '')
}

describe('an account and its archive', () => {
  test('has messages of both sides in the order of arrival, under ids that grow', async () => {
    await play(async (stage, romeo, juliet) => {
      await stage.run(romeo.account.send(chat(juliet, 'one')))
      await stage.until(juliet, () => heard(juliet, romeo).length === 1)
      await stage.run(juliet.account.send(chat(romeo, 'two')))
      await stage.until(romeo, () => heard(romeo, juliet).length === 1)
      const { messages, isComplete } = romeo.account.archive({ with: juliet.address })
      assert.deepEqual([messages.map(({ body }) => body), isComplete], [['one', 'two'], true])
      assert.ok(Number(messages[0]?.archiveId) < Number(messages[1]?.archiveId))
      assert.doesNotMatch(serialize(messages[0]?.stanza as Element), /stanza-id/)
      const rest = romeo.account.archive({ afterId: messages[0]?.archiveId as string })
      assert.deepEqual(rest.messages, messages.slice(1))
    })
  })

  test('keeps what asks not to be archived only for clients that have not had it', async () => {
    await play(async (stage, romeo, juliet) => {
      const hint = element('no-permanent-store', 'urn:xmpp:hints')
      await stage.run(romeo.account.send(chat(juliet, 'burn this', hint)))
      await stage.until(juliet, () => heard(juliet, romeo).length === 1)
      assert.deepEqual(juliet.account.archive({}).messages, [])
      assert.deepEqual(
        juliet.account.receivedAfter(undefined, 10).map(({ body }) => body),
        ['burn this'],
      )
    })
  })

  test('has a note to itself once, as received, and sends nothing', async () => {
    await play(async (stage, romeo) => {
      const sent = await stage.run(romeo.account.send(chat(romeo, 'buy poison')))
      assert.equal(sent.state, 'delivered')
      const { messages } = romeo.account.archive({ with: romeo.address })
      assert.deepEqual(
        messages.map(({ body, direction, state }) => [body, direction, state]),
        [['buy poison', 'in', 'received']],
      )
      assert.equal(eventsOf(romeo, 'message').length, 1)
      assert.equal(romeo.node.status().accounts[0]?.outboxMessages, 0)
    })
  })
})

describe('what a peer forges', () => {
  test('X14, X16: reaches neither archive nor clients', async () => {
    await play(async (stage, romeo, juliet) => {
      const mine = element('message', NS_CLIENT, { to: romeo.address, id: 'mine' }, [
        element('body', NS_CLIENT, {}, ['I love thee']),
      ])
      await stage.run(juliet.account.send(mine))
      await stage.until(romeo, () => heard(romeo, juliet).length === 1)
      const forged = parseElement(
        `<message xmlns='jabber:client' to='${juliet.address}' type='chat'><body>forged</body>
          <received xmlns='urn:xmpp:carbons:2'/><result xmlns='urn:xmpp:mam:2' id='1'/>
          <stanza-id xmlns='urn:xmpp:sid:0' by='${juliet.address}' id='1'/>
          <replace xmlns='urn:xmpp:message-correct:0' id='mine'/><delivered xmlns='urn:kabber:delivered:0'/></message>`,
      )
      await stage.run(romeo.account.send(forged))
      await stage.until(juliet, () => heard(juliet, romeo).length === 1)
      const [message] = juliet.account.archive({ with: romeo.address, fromEnd: true, limit: 1 }).messages
      const names = message?.stanza.elements().map((child) => child.name)
      assert.deepEqual(
        names?.filter((name) => name !== 'stanza-id'),
        ['body'],
      )
      assert.equal(message?.stanza.elements('stanza-id')[0]?.attribute('by'), romeo.address)
    })
  })

  test('X16: a correction of its own message passes', async () => {
    await play(async (stage, romeo, juliet) => {
      const replace = element('replace', 'urn:xmpp:message-correct:0', { id: 'his' })
      await stage.run(romeo.account.send(chat(juliet, 'soft!', replace)))
      await stage.until(juliet, () => heard(juliet, romeo).length === 1)
      const [message] = juliet.account.archive({}).messages
      assert.notEqual(message?.stanza.child('replace', 'urn:xmpp:message-correct:0'), undefined)
    })
  })

  test('X6: text that looks like markup stays text', async () => {
    await play(async (stage, romeo, juliet) => {
      const evil = `"/><iq type='set'><query xmlns='jabber:iq:roster'/></iq>]]>`
      await stage.run(romeo.account.send(chat(juliet, evil)))
      await stage.until(juliet, () => heard(juliet, romeo).length === 1)
      assert.deepEqual(heard(juliet, romeo), [evil])
      const again = parseElement(serialize(juliet.account.archive({}).messages[0]?.stanza as Element))
      assert.equal(again.child('body')?.text(), evil)
    })
  })
})

describe('queries from the network', () => {
  const iq = (to: Person, payload: Element): Element =>
    element('iq', NS_CLIENT, { to: `${to.address}/balcony`, type: 'set', id: 'q' }, [payload])

  test('are answered by who was set to answer, and X13: never if only the own server may ask', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      const seen: Element[] = []
      juliet.account.answerQueries(async (query) => {
        seen.push(query)
        return element('iq', NS_CLIENT, { type: 'result', from: 'mallory@evil.lit', to: 'x', id: 'y' })
      })
      const answer = await stage.run(romeo.account.query(iq(juliet, element('x', 'urn:x')), NEVER))
      assert.deepEqual(
        [answer.attribute('type'), answer.attribute('from'), answer.attribute('id')],
        ['result', `${juliet.address}/balcony`, 'q'],
      )
      const push = iq(juliet, element('query', 'jabber:iq:roster'))
      const refused = await stage.run(romeo.account.query(push, NEVER))
      assert.match(serialize(refused), /service-unavailable/)
      assert.equal(seen.length, 1)
      juliet.account.answerQueries(undefined)
      const alone = await stage.run(romeo.account.query(iq(juliet, element('x', 'urn:x')), NEVER))
      assert.match(serialize(alone), /service-unavailable/)
    })
  })

  test('that nobody answers end after a minute, at most 64 of one peer wait, and messages pass meanwhile', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      juliet.account.answerQueries(() => new Promise(() => {}))
      const asked = Array.from({ length: 65 }, () =>
        romeo.account.query(iq(juliet, element('x', 'urn:x')), NEVER).then(serialize),
      )
      assert.match(await stage.run(Promise.race(asked)), /resource-constraint/)
      const { id } = await stage.run(romeo.account.send(chat(juliet, 'still here')))
      await stage.until(romeo, () => romeo.account.messageState(juliet.address, id) === 'delivered')
      const answers = await stage.run(Promise.all(asked))
      assert.equal(answers.filter((answer) => /remote-server-timeout/.test(answer)).length, 64)
    })
  })
})

describe('subscriptions stanza by stanza', () => {
  test('begin with a request that is kept with what it says until it is answered', async () => {
    await play(async (stage, romeo, juliet) => {
      const status = element('status', NS_CLIENT, {}, ['It is the east'])
      await stage.run(romeo.account.sendSubscription(presence('subscribe', juliet, status)))
      assert.equal(about(romeo, juliet), 'none ask')
      await stage.until(juliet, () => about(juliet, romeo) === 'none pending unlisted')
      const request = juliet.account.rosterItem(romeo.address)?.request
      assert.deepEqual([request?.attribute('type'), request?.child('status')?.text()], ['subscribe', 'It is the east'])
      assert.deepEqual(eventsOf(juliet, 'subscription'), [])
      await juliet.stop()
      await juliet.start()
      assert.notEqual(juliet.account.rosterItem(romeo.address)?.request, undefined)
      await stage.run(juliet.account.sendSubscription(presence('subscribed', romeo)))
      await stage.until(romeo, () => about(romeo, juliet) === 'to')
      assert.equal(about(juliet, romeo), 'from')
      assert.equal(juliet.account.rosterItem(romeo.address)?.request, undefined)
      await stage.until(romeo, () => eventsOf(romeo, 'subscription').length === 1)
      assert.equal(eventsOf(romeo, 'subscription')[0]?.presence.attribute('type'), 'subscribed')
    })
  })

  test('declined or withdrawn leave nothing of a stranger', async () => {
    await play(async (stage, romeo, juliet) => {
      await stage.run(romeo.account.sendSubscription(presence('subscribe', juliet)))
      await stage.until(juliet, () => about(juliet, romeo) === 'none pending unlisted')
      await stage.run(juliet.account.sendSubscription(presence('unsubscribed', romeo)))
      assert.equal(about(juliet, romeo), 'nobody')
      await stage.until(romeo, () => about(romeo, juliet) === 'none')
      await stage.run(romeo.account.sendSubscription(presence('subscribe', juliet)))
      await stage.until(juliet, () => about(juliet, romeo) === 'none pending unlisted')
      await stage.run(romeo.account.sendSubscription(presence('unsubscribe', juliet)))
      await stage.until(juliet, () => about(juliet, romeo) === 'nobody')
      assert.equal(about(romeo, juliet), 'none')
    })
  })

  test('are approved in advance by subscribed only, and not for ever', async () => {
    await play(async (stage, romeo, juliet) => {
      await stage.run(juliet.account.setRosterItem(romeo.address, { name: 'R', groups: ['Foes'] }))
      assert.equal(about(juliet, romeo), 'none')
      await stage.run(juliet.account.sendSubscription(presence('subscribed', romeo)))
      assert.equal(about(juliet, romeo), 'none approved')
      await stage.run(juliet.account.sendSubscription(presence('unsubscribed', romeo)))
      assert.equal(about(juliet, romeo), 'none')
      await stage.run(juliet.account.sendSubscription(presence('subscribed', romeo)))
      await stage.run(romeo.account.sendSubscription(presence('subscribe', juliet)))
      await stage.until(romeo, () => about(romeo, juliet) === 'to')
      assert.equal(about(juliet, romeo), 'from approved')
      await stage.run(romeo.account.sendSubscription(presence('unsubscribe', juliet)))
      await stage.until(juliet, () => about(juliet, romeo) === 'none approved')
      await stage.until(juliet, () => eventsOf(juliet, 'subscription').length === 1)
      assert.equal(eventsOf(juliet, 'subscription')[0]?.presence.attribute('type'), 'unsubscribe')
    })
  })

  test('change neither name nor groups, and a roster set changes no subscription', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      await stage.run(romeo.account.setRosterItem(juliet.address, { name: 'Jule', groups: ['Friends', 'Capulet'] }))
      await stage.run(romeo.account.sendSubscription(presence('unsubscribe', juliet)))
      const item = romeo.account.rosterItem(juliet.address)
      assert.deepEqual([item?.name, item?.groups, item?.subscription], ['Jule', ['Friends', 'Capulet'], 'from'])
      await refusedWith('not-acceptable', romeo.account.setRosterItem(juliet.address, { name: '', groups: [''] }))
      await refusedWith('bad-request', romeo.account.setRosterItem(juliet.address, { name: '', groups: ['a', 'a'] }))
      await refusedWith('not-allowed', romeo.account.setRosterItem(romeo.address, { name: 'me', groups: [] }))
    })
  })

  test('end with the item; somebody who never was asked is told nothing', async () => {
    await play(async (stage, romeo, juliet) => {
      await stage.run(romeo.account.setRosterItem(juliet.address, { name: 'J', groups: [] }))
      assert.equal(await stage.run(romeo.account.removeContact(juliet.address)), true)
      assert.equal(romeo.node.status().accounts[0]?.outboxMessages, 0)
      await befriend(stage, romeo, juliet)
      await stage.run(romeo.account.removeContact(juliet.address))
      await stage.until(juliet, () => about(juliet, romeo).startsWith('none'))
      assert.equal(about(romeo, juliet), 'nobody')
    })
  })
})

describe('presence of several resources', () => {
  test('comes and goes resource by resource, and all of it over a new link', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      assert.equal(romeo.account.isReachable(juliet.address), true)
      juliet.account.setPresence('balcony', element('presence', NS_CLIENT))
      juliet.account.setPresence('tomb', element('presence', NS_CLIENT))
      await stage.until(romeo, () => availableOf(romeo, juliet).length === 2)
      juliet.account.setPresence('balcony', undefined)
      await stage.until(romeo, () => availableOf(romeo, juliet).join() === 'tomb')
      juliet.account.setPresence('orchard', element('presence', NS_CLIENT))
      await romeo.stop()
      await romeo.start()
      await stage.until(romeo, () => availableOf(romeo, juliet).sort().join() === 'orchard,tomb')
      await juliet.kill()
      await juliet.start()
      juliet.account.setPresence('church', element('presence', NS_CLIENT))
      await stage.until(romeo, () => availableOf(romeo, juliet).join() === 'church')
    })
  })

  test('is directed to one who is no contact only if he knows us; nobody is not reachable', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      const directed = { from: `${romeo.address}/orchard`, to: juliet.address }
      romeo.account.sendPresence(element('presence', NS_CLIENT, directed))
      await stage.until(juliet, () => availableOf(juliet, romeo).join() === 'orchard')
      await juliet.stop()
      await stage.until(romeo, () => !romeo.account.isReachable(juliet.address))
    })
  })
})

describe('somebody who is blocked', () => {
  test('is refused, sees us leave and sees us again when unblocked', async () => {
    await play(async (stage, romeo, juliet) => {
      await befriend(stage, romeo, juliet)
      juliet.account.setPresence('balcony', element('presence', NS_CLIENT))
      romeo.account.setPresence('orchard', element('presence', NS_CLIENT))
      await stage.until(romeo, () => availableOf(romeo, juliet).length === 1)
      await stage.until(juliet, () => availableOf(juliet, romeo).length === 1)
      await stage.run(juliet.account.block([romeo.address]))
      assert.deepEqual(juliet.account.blocked(), [romeo.address])
      assert.deepEqual(availableOf(juliet, romeo), [])
      await stage.until(romeo, () => availableOf(romeo, juliet).length === 0)

      await stage.run(romeo.account.send(chat(juliet, 'wherefore?')))
      const failed = (): Element | undefined =>
        eventsOf(romeo, 'message-state').find((event) => event.state === 'failed')?.error
      await stage.until(romeo, () => failed() !== undefined)
      assert.match(serialize(failed() as Element), /service-unavailable/)
      const ping = element('iq', NS_CLIENT, { to: juliet.address, type: 'get', id: 'p' }, [
        element('ping', 'urn:xmpp:ping'),
      ])
      assert.match(serialize(await stage.run(romeo.account.query(ping, NEVER))), /service-unavailable/)
      assert.deepEqual(heard(juliet, romeo), [])

      const error = await refusedWith('not-acceptable', juliet.account.send(chat(romeo, 'go')))
      assert.match(serialize(error.toElement()), /<blocked xmlns="urn:xmpp:blocking:errors"/)
      await refusedWith('not-acceptable', juliet.account.sendSubscription(presence('subscribe', romeo)))
      await refusedWith('not-acceptable', juliet.account.query(ping.withAttributes({ to: romeo.address }), NEVER))

      await stage.run(juliet.account.unblock([]))
      await stage.until(romeo, () => availableOf(romeo, juliet).length === 1)
      await stage.until(juliet, () => availableOf(juliet, romeo).length === 1)
      assert.deepEqual(
        [eventsOf(juliet, 'blocked')[0]?.jids, eventsOf(juliet, 'unblocked')[0]?.jids],
        [[romeo.address], []],
      )
    })
  })

  test('stays so after a restart, by domain as well, and may still write to himself', async () => {
    await play(async (stage, romeo, juliet) => {
      await stage.run(juliet.account.block(['id.internal']))
      await juliet.stop()
      await juliet.start()
      await stage.run(romeo.account.sendSubscription(presence('subscribe', juliet)))
      const { id } = await stage.run(romeo.account.send(chat(juliet, 'hello')))
      await stage.until(romeo, () => romeo.account.messageState(juliet.address, id) === 'failed')
      assert.deepEqual([heard(juliet, romeo), about(juliet, romeo)], [[], 'nobody'])
      await stage.run(juliet.account.send(chat(juliet, 'note')))
    })
  })
})

describe('a public profile', () => {
  test('is found by who knows the address, also while its owner is away, and survives restarts', async () => {
    await play(async (stage, romeo, juliet) => {
      const nurse = await stage.person('Nurse')
      const devices = {
        node: 'urn:xmpp:omemo:2:devices',
        id: 'current',
        payload: element('devices', 'urn:xmpp:omemo:2'),
      }
      const huge = { ...devices, id: 'huge', payload: element('x', 'urn:x', {}, ['y'.repeat(17_000)]) }
      await stage.run(juliet.account.setPublicProfile({ nickname: 'Jule', items: [devices, huge] }))
      const shown = async (): Promise<string> =>
        JSON.stringify((await romeo.account.publicProfile(juliet.address, NEVER))?.items.map(({ id }) => id))
      await stage.clock.advance(120_000)
      await juliet.stop()
      assert.equal(await stage.run(shown()), '["current"]')
      assert.equal((await stage.run(nurse.account.publicProfile(juliet.address, NEVER)))?.nickname, 'Jule')
      await juliet.start()
      const own = await stage.run(juliet.account.publicProfile(juliet.address, NEVER))
      assert.deepEqual(own, { nickname: 'Jule', items: [devices] })
      const unknown = `00${'1'.repeat(64)}@id.internal`
      assert.equal(await stage.run(romeo.account.publicProfile(unknown, NEVER)), undefined)
      await refusedWith('policy-violation', romeo.account.setPublicProfile({ nickname: 'é'.repeat(129), items: [] }))
    })
  })
})

test('an account may be named by its nickname in lower case, if that is a localpart', async () => {
  await play(async (stage, romeo) => {
    assert.equal(romeo.account.alias, 'romeo')
    const spaced = await stage.person('Friar Laurence')
    assert.equal(spaced.account.alias, undefined)
  })
})
