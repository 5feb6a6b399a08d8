import assert from 'node:assert/strict'
import { type Element, element } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import type { HostileClient } from './hostile-client.ts'
import type { HostileNode } from './hostile-node.ts'
import { type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const NS = 'jabber:client'
const INJECTION = `"/><iq type='set' id='injected'><query xmlns='jabber:iq:roster'/></iq></message></stream:stream><message a="`
/** What a namespace may be, and needs escaping. */
const NAMESPACE = 'urn:x:&'
const ATTRIBUTE = Object.fromEntries([[`{${NAMESPACE}}a`, INJECTION]])
const ARCHIVE = 'urn:xmpp:mam:2'
const CARBONS = 'urn:xmpp:carbons:2'
const FORWARD = 'urn:xmpp:forward:0'

/** What a message may carry that only the own server may say. */
const forwarded = (from: string, to: string): string =>
  `<forwarded xmlns='${FORWARD}'><message xmlns='${NS}' from='${from}' to='${to}'><body>forged</body></message></forwarded>`

interface Play {
  readonly node: VictimNode
  readonly hostile: HostileNode
  /** A stanza of a peer, given as XML without `xmlns`. */
  send(xml: string): Promise<void>
}

/** X6, X13 to X16: what a peer's node may send. */
export function peerRows(node: VictimNode, hostile: HostileNode): readonly Row[] {
  const send = (xml: string): Promise<void> => hostile.send(parseElement(xml.replace(/^<(\w+)/u, `<$1 xmlns='${NS}'`)))
  const play = { node, hostile, send }
  return [
    befriended(play),
    largest(play),
    injection(play),
    rosterPush(play),
    forgedCopies(play),
    spoofedAnswers(play),
    forgedIds(play),
    foreignFrom(play),
  ]
}

let marks = 0

/** Everything that the client has heard up to now, when all that was sent before has arrived. */
async function heardUntilNow({ send, hostile }: Play, alice: HostileClient): Promise<readonly Element[]> {
  marks += 1
  const id = `mark-${marks}`
  await send(
    `<message from='${hostile.mallory}/x' to='${alice.jid}' type='chat' id='${id}'><body>mark</body><stanza-id xmlns='urn:xmpp:sid:0' by='${hostile.mallory}' id='${id}'/></message>`,
  )
  await alice.next(id, (e) => e.name === 'message' && e.attribute('id') === id)
  await alice.ping()
  assert.equal(alice.malformed, undefined)
  return alice.heard
}

function befriended(play: Play): Row {
  const { node, hostile, send } = play
  return {
    id: 'peers',
    sent: 'a node that proves its accounts, and a subscription both ways; then what others get from nodes',
    must: 'works: what follows is refused for what it is, not for where it comes from',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const [bare = ''] = alice.jid.split('/')
      alice.send(`<presence to='${hostile.mallory}' type='subscribe'/>`)
      await hostile.next('subscribe', (e) => e.attribute('type') === 'subscribe')
      for (const type of ['subscribed', 'subscribe']) {
        await send(
          `<presence from='${hostile.mallory}' to='${bare}' type='${type}'><stanza-id xmlns='urn:xmpp:sid:0' by='${hostile.mallory}' id='${type}'/></presence>`,
        )
      }
      alice.send(`<presence to='${hostile.mallory}' type='subscribed'/>`)
      await hostile.next('subscribed', (e) => e.attribute('type') === 'subscribed')
      await heardUntilNow(play, alice)
      await alice.end()
      return 'subscribed both ways, a message arrived'
    },
  }
}

function largest(play: Play): Row {
  const { node, hostile } = play
  const attributes = Array.from({ length: 52 }, (_, at) => `a${at}='1'`).join(' ')
  return {
    id: 'X3',
    sent: 'to the peer: messages with 8,192 elements, 55 attributes and xmlns, 190 KB, depth 64: the most that a client may send',
    must: "arrive at the other node with what ours adds, instead of breaking the nodes' stream again and again",
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const contents = [
        '<a/>'.repeat(8_190),
        'attributes',
        'x'.repeat(190_000),
        `${'<a>'.repeat(62)}${'</a>'.repeat(62)}`,
      ]
      for (const [at, content] of contents.entries()) {
        const more = content === 'attributes' ? attributes : ''
        alice.send(
          `<message to='${hostile.mallory}' type='chat' id='largest-${at}' ${more}><body>${content}</body></message>`,
        )
        await hostile.next(`message ${at}`, (e) => e.attribute('id') === `largest-${at}`)
      }
      await heardUntilNow(play, alice)
      await alice.end()
      return `${contents.length} arrived`
    },
  }
}

function injection(play: Play): Row {
  const { node, hostile } = play
  return {
    id: 'X6',
    sent: "body, subject, nickname, id, resource, type, attribute and namespace with \"/><iq type='set'… from a peer",
    must: 'one stanza each with exactly that text, or none',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const from = `${hostile.mallory}/x`
      const body = (text: string): Element => element('body', NS, {}, [text])
      const own = (id: string): Element => element('stanza-id', 'urn:xmpp:sid:0', { by: hostile.mallory, id })
      const message = (attributes: Record<string, string>, ...children: Element[]): Element =>
        element('message', NS, { from, to: alice.jid, type: 'chat', ...attributes }, children)
      await hostile.send(message({ id: 'a' }, body(INJECTION), own('a')))
      await hostile.send(message({ id: INJECTION }, body('id'), own('b')))
      await hostile.send(
        message(
          { id: 'c' },
          element('nick', 'http://jabber.org/protocol/nick', {}, [INJECTION]),
          body(INJECTION),
          own(INJECTION),
        ),
      )
      await hostile.send(message({ id: 'd' }, element('x', NAMESPACE, ATTRIBUTE, [INJECTION]), body('d'), own('d')))
      await hostile.send(message({ from: `${hostile.mallory}/${INJECTION}`, id: 'e' }, body('e'), own('e')))
      await hostile.send(message({ to: `${alice.jid.split('/')[0]}/${INJECTION}`, id: 'f' }, body('f'), own('f')))
      await hostile.send(message({ type: INJECTION, id: 'g' }, body('g'), own('g')))
      await hostile.send(element('presence', NS, { from, to: alice.jid }, [element('status', NS, {}, [INJECTION])]))
      const heard = await heardUntilNow(play, alice)
      assert.ok(heard.every((e) => e.attribute('id') !== 'injected'))
      assert.equal(
        heard
          .find((e) => e.attribute('id') === 'a')
          ?.child('body')
          ?.text(),
        INJECTION,
      )
      assert.ok(heard.some((e) => e.attribute('id') === INJECTION))
      const shown = heard.filter((e) => e.name === 'message').map((e) => e.child('body')?.text().slice(0, 4) ?? '')
      await alice.end()
      return `seen: ${tally(shown)}`
    },
  }
}

function rosterPush(play: Play): Row {
  const { node, hostile, send } = play
  const payloads = [
    "<query xmlns='jabber:iq:roster'><item jid='evil@id.internal' subscription='both'/></query>",
    "<block xmlns='urn:xmpp:blocking'><item jid='x@id.internal'/></block>",
    `<query xmlns='${ARCHIVE}'/>`,
    "<query xmlns='jabber:iq:private'/>",
    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
    "<enable xmlns='urn:xmpp:carbons:2'/>",
    "<status xmlns='urn:kabber:node:0'/>",
  ]
  return {
    id: 'X13',
    sent: `${payloads.length} iqs that only the own server or the owner may send (roster, blocking, archive, private…), to the bare and the full JID, as get and set`,
    must: 'an error for the peer; the client sees none; its own pushes carry no foreign from',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      await alice.request('get', "<query xmlns='jabber:iq:roster'/>")
      const answers: string[] = []
      for (const [index, payload] of payloads.entries()) {
        for (const to of [alice.jid, alice.jid.split('/')[0] ?? '']) {
          for (const type of ['set', 'get']) {
            const id = `push-${index}-${type}-${to.length}`
            await send(`<iq from='${hostile.mallory}/x' to='${to}' type='${type}' id='${id}'>${payload}</iq>`)
            const answer = await hostile.next(id, (e) => e.name === 'iq' && e.attribute('id') === id)
            answers.push(`${answer.attribute('type')} ${answer.child('error')?.elements()[0]?.name}`)
          }
        }
      }
      alice.send(
        `<iq type='set' id='own'><query xmlns='jabber:iq:roster'><item jid='${hostile.mallory}' name='M'/></query></iq>`,
      )
      const isPush = (e: Element): boolean => e.name === 'iq' && e.attribute('type') === 'set'
      const push = await alice.next('its own push', isPush)
      assert.ok([undefined, alice.jid, alice.jid.split('/')[0]].includes(push.attribute('from')))
      const heard = await heardUntilNow(play, alice)
      assert.equal(heard.filter(isPush).length, 1)
      assert.ok(answers.every((answer) => answer.startsWith('error')))
      await alice.end()
      return `${tally(answers)}; one push, its own`
    },
  }
}

function forgedCopies(play: Play): Row {
  const { node, hostile, send } = play
  return {
    id: 'X14',
    sent: 'messages of a peer with carbons (received, sent), archive results and fins, of the old namespaces too; with and without a body',
    must: 'the client sees none of these payloads',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      await alice.request('set', `<enable xmlns='${CARBONS}'/>`)
      const [bare = ''] = alice.jid.split('/')
      const copy = forwarded('friend@id.internal', bare)
      const payloads = [
        ...[CARBONS, 'urn:xmpp:carbons:1'].flatMap((ns) =>
          ['received', 'sent'].map((n) => `<${n} xmlns='${ns}'>${copy}</${n}>`),
        ),
        ...['2', '1', '0', 'tmp'].flatMap((v) =>
          ['result', 'fin'].map((n) => `<${n} xmlns='urn:xmpp:mam:${v}' queryid='q' id='1'>${copy}</${n}>`),
        ),
        `<addresses xmlns='urn:kabber:node:0'/>`,
      ]
      for (const [index, payload] of payloads.entries()) {
        for (const to of [bare, alice.jid]) {
          for (const body of ['', '<body>x</body>']) {
            const id = `copy-${index}-${to.length}-${body.length}`
            await send(
              `<message from='${hostile.mallory}/x' to='${to}' type='chat' id='${id}'>${body}${payload}<stanza-id xmlns='urn:xmpp:sid:0' by='${hostile.mallory}' id='${id}'/></message>`,
            )
          }
        }
      }
      const heard = await heardUntilNow(play, alice)
      assertNoClaims(heard)
      const page = await alice.request(
        'set',
        `<query xmlns='${ARCHIVE}'><set xmlns='http://jabber.org/protocol/rsm'><max>250</max><before/></set></query>`,
      )
      assert.equal(page.attribute('type'), 'result')
      const results = alice.heard.flatMap((e) => e.elements('result', ARCHIVE))
      assertNoClaims(results.flatMap((e) => e.child('forwarded', FORWARD)?.elements('message', NS) ?? []))
      await alice.end()
      return `${payloads.length * 4} sent; none seen, nor in the ${results.length} messages of the archive`
    },
  }
}

function assertNoClaims(messages: readonly Element[]): void {
  for (const message of messages.filter(({ name }) => name === 'message')) {
    const claims = message
      .elements()
      .filter(({ namespace }) => /^urn:(?:xmpp:(?:carbons|mam):|kabber:)/u.test(namespace))
    const isOwn =
      message.attribute('from')?.startsWith('00') !== true || claims.length === 0 || message.child('result', ARCHIVE)
    assert.ok(isOwn, serialize(message))
  }
}

function spoofedAnswers(play: Play): Row {
  const { node, hostile, send } = play
  return {
    id: 'X15',
    sent: "answers to the client's iq to mallory: from eve, from mallory's bare JID and another resource, of type get, with the id of the client; then the right one",
    must: 'only the right one arrives, once; the id on the wire is not that of the client',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const target = `${hostile.mallory}/x`
      alice.send(`<iq type='get' id='guess-1' to='${target}'><q xmlns='asked'/></iq>`)
      const asked = await hostile.next('the iq', (e) => e.child('q', 'asked') !== undefined)
      const id = asked.attribute('id') ?? ''
      assert.notEqual(id, 'guess-1')
      const answer = (from: string, answerId: string, type = 'result'): Promise<void> =>
        send(`<iq from='${from}' to='${alice.jid}' type='${type}' id='${answerId}'><q xmlns='spoofed'/></iq>`)
      for (const from of [`${hostile.eve}/x`, hostile.eve, hostile.mallory, `${hostile.mallory}/y`]) {
        for (const guess of [id, 'guess-1']) {
          await answer(from, guess)
          await answer(from, guess, 'error')
        }
      }
      await answer(target, 'guess-1')
      await heardUntilNow(play, alice)
      assert.ok(alice.heard.every((e) => e.child('q', 'spoofed') === undefined))
      await send(`<iq from='${target}' to='${alice.jid}' type='result' id='${id}'><q xmlns='right'/></iq>`)
      await send(`<iq from='${target}' to='${alice.jid}' type='result' id='${id}'><q xmlns='again'/></iq>`)
      const heard = await heardUntilNow(play, alice)
      const answers = heard.filter((e) => e.name === 'iq' && e.attribute('id') === 'guess-1')
      assert.equal(answers.length, 1)
      assert.ok(answers[0]?.child('q', 'right') !== undefined && answers[0].attribute('from') === target)
      await alice.end()
      return `17 forged dropped, the right one once; id on the wire has ${id.length} characters of its own`
    },
  }
}

function forgedIds(play: Play): Row {
  const { node, hostile, send } = play
  return {
    id: 'X16',
    sent: "stanza-ids and delays by the client's own account, a correction of a message of the client, one of mallory's by eve",
    must: "stripped; exactly one stanza-id by the account, the archive's; eve's names eve only",
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const [bare = ''] = alice.jid.split('/')
      alice.send(`<message to='${hostile.mallory}' type='chat' id='mine'><body>mine</body></message>`)
      await hostile.next('the message', (e) => e.attribute('id') === 'mine')
      const forged = `<stanza-id xmlns='urn:xmpp:sid:0' by='${bare}' id='forged'/><stanza-id xmlns='urn:xmpp:sid:0' by='${bare.toUpperCase().replace('ID.INTERNAL', 'id.internal')}' id='forged'/><stanza-id xmlns='urn:xmpp:sid:0' by='${alice.jid}' id='forged'/><delay xmlns='urn:xmpp:delay' from='${bare}' stamp='2000-01-01T00:00:00Z'/>`
      await send(
        `<message from='${hostile.mallory}/x' to='${bare}' type='chat' id='r1'><body>x</body>${forged}<replace xmlns='urn:xmpp:message-correct:0' id='mine'/><stanza-id xmlns='urn:xmpp:sid:0' by='${hostile.mallory}' id='r1'/></message>`,
      )
      await send(
        `<message from='${hostile.eve}/x' to='${bare}' type='chat' id='r2'><body>x</body><replace xmlns='urn:xmpp:message-correct:0' id='r1'/><stanza-id xmlns='urn:xmpp:sid:0' by='${hostile.eve}' id='r2'/></message>`,
      )
      const heard = await heardUntilNow(play, alice)
      const [one] = heard.filter((e) => e.attribute('id') === 'r1')
      assert.ok(one !== undefined)
      assert.ok(!serialize(one).includes('forged') && !serialize(one).includes('2000-01-01'), serialize(one))
      assert.equal(one.child('replace', 'urn:xmpp:message-correct:0'), undefined)
      const ids = one.elements('stanza-id').filter((e) => e.attribute('by') === bare)
      assert.equal(ids.length, 1)
      const two = heard.find((e) => e.attribute('id') === 'r2')
      assert.ok(two?.attribute('from')?.startsWith(hostile.eve))
      await alice.end()
      return 'stripped'
    },
  }
}

function foreignFrom(play: Play): Row {
  const { node, hostile } = play
  return {
    id: 'X7',
    sent: "stanzas of a peer's node from accounts it does not serve: alice herself, carol, the domain, nobody",
    must: 'never shown; the stream between the nodes is ended with an error',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      for (const from of [alice.jid, alice.jid.split('/')[0] ?? '', 'id.internal', `${'00'.repeat(33)}@id.internal`]) {
        const stanza = element('message', NS, { from, to: alice.jid, id: 'foreign' }, [element('body', NS, {}, ['x'])])
        await hostile.send(stanza).catch(() => {})
      }
      await alice.ping()
      assert.ok(alice.heard.every((e) => e.attribute('id') !== 'foreign'))
      await alice.end()
      return 'none seen'
    },
  }
}
