import assert from 'node:assert/strict'
import { HostileClient, passwordOf, SM } from './hostile-client.ts'
import { assertAll, type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const MAM = 'urn:xmpp:mam:2'
const HUGE = [
  '-1',
  '99999999999',
  '4294967296',
  '9007199254740993',
  '1e400',
  '-1e15',
  'NaN',
  'Infinity',
  '',
  '0x10',
  '٣',
  '9'.repeat(2_000),
]
const DATES = [
  ...['1000000000000000', '-1000000000000000', '+275760-09-13T00:00:00Z', '-271821-04-20T00:00:00Z'],
  ...['33658-09-27T01:46:40Z', '0000-00-00T00:00:00Z', '9999-12-31T23:59:60Z', '2026-02-30T00:00:00Z'],
  ...['2026-11-22T20:00:00+99:99', 'now', '2026', '2026-11-22T20:00:00.99999999999999999999999999999999999999999Z'],
]
const LONG = 'x'.repeat(1_024)
const JIDS = [
  `${LONG}@id.internal`,
  `a@${LONG}`,
  `a@id.internal/${LONG}`,
  '@',
  '/',
  'a@',
  '@id.internal',
  'a@b@c',
  'a b@c',
  `${'x.'.repeat(600)}`,
  '\u0430@\u202e',
  'a@id.internal/',
  '::1',
  '[::1',
  'a@[::g]',
]

const form = (field: string, value: string): string =>
  `<query xmlns='${MAM}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${MAM}</value></field><field var='${field}'><value>${value}</value></field></x></query>`
const set = (content: string): string =>
  `<query xmlns='${MAM}'><set xmlns='http://jabber.org/protocol/rsm'>${content}</set></query>`
const upload = (attributes: string): string => `<request xmlns='urn:xmpp:http:upload:0' ${attributes}/>`
const roster = (content: string): string => `<query xmlns='jabber:iq:roster'>${content}</query>`
const publish = (node: string, option: string): string =>
  `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item id='1'><x xmlns='u'/></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>${option}</x></publish-options></pubsub>`

/** Requests that must be answered with an error. */
function wrongRequests(): readonly (readonly ['get' | 'set', string, string?])[] {
  return [
    ...DATES.flatMap((date) => ['start', 'end'].map((field) => ['set', form(field, date)] as const)),
    ...HUGE.filter((n) => n !== '').map((n) => ['set', set(`<max>${n}</max>`)] as const),
    ...HUGE.filter((n) => n !== '' && n !== '4294967296').map((n) => ['set', set(`<after>${n}</after>`)] as const),
    ...HUGE.map((n) => ['set', set(`<index>${n}</index>`)] as const),
    ...JIDS.map((jid) => ['set', form('with', jid)] as const).filter(
      ([, x]) => !x.includes('::1<') && !x.includes('x.x.'),
    ),
    ['set', form('ids', 'nothing')],
    ['set', form('before-id', LONG)],
    ['set', form('stranger', '1')],
    ...HUGE.map((n) => ['get', upload(`filename='a' size='${n}'`), "to='upload.id.internal'"] as const),
    ['get', upload(`size='1'`), "to='upload.id.internal'"],
    ['get', upload(`filename='' size='1'`), "to='upload.id.internal'"],
    ...JIDS.slice(0, 9).map((jid) => ['set', roster(`<item jid='${jid}'/>`)] as const),
    ['set', roster('')],
    ['set', roster(`<item/>`)],
    ['set', roster(`<item jid=''/>`)],
    ['set', roster(`<item jid='a@id.internal'/><item jid='b@id.internal'/>`)],
    ['set', roster(`<item jid='a@id.internal' name='${'n'.repeat(20_000)}'/>`)],
    ['set', roster(`<item jid='a@id.internal'>${'<group>g</group>'.repeat(2)}</item>`)],
    ['set', roster(`<item jid='a@id.internal'><group/></item>`)],
    [
      'set',
      roster(
        `<item jid='a@id.internal'>${Array.from({ length: 5_000 }, (_, at) => `<group>${at}</group>`).join('')}</item>`,
      ),
    ],
    ...JIDS.slice(0, 9).map((jid) => ['set', `<block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block>`] as const),
    ['set', `<block xmlns='urn:xmpp:blocking'/>`],
    ...HUGE.filter((n) => n !== '').map(
      (n) =>
        [
          'get',
          `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='no such node' max_items='${n}'/></pubsub>`,
        ] as const,
    ),
    ['set', publish('', '')],
    ['set', `<pubsub xmlns='http://jabber.org/protocol/pubsub'/>`],
    ...JIDS.slice(0, 3).map(
      (jid) => ['get', "<query xmlns='http://jabber.org/protocol/disco#info'/>", `to='${jid}'`] as const,
    ),
    ['get', "<nothing xmlns='of:nobody'/>"],
    ['get', ''],
    ['get', "<ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/>"],
  ]
}

/** Requests that must be answered somehow. */
function strangeRequests(): readonly (readonly ['get' | 'set', string, string?])[] {
  return [
    ['get', "<ping xmlns='urn:xmpp:ping'/>", "to=''"],
    ['get', "<query xmlns='jabber:iq:last'/>", "to=''"],
    ['set', set('<max>0</max>')],
    ['set', set('<max/>')],
    ['set', set('<before/><after/>')],
    ...HUGE.map(
      (n) => ['set', publish(`n${n.length}`, `<field var='pubsub#max_items'><value>${n}</value></field>`)] as const,
    ),
    ['set', `<query xmlns='jabber:iq:private'><x xmlns='${LONG.slice(0, 250)}'/></query>`],
    ['set', `<vCard xmlns='vcard-temp'><PHOTO><TYPE>${LONG}</TYPE><BINVAL>!!!</BINVAL></PHOTO></vCard>`],
    ['set', '<query xmlns="jabber:iq:roster" ver="99999999999999999999"/>'],
    ['get', '<query xmlns="jabber:iq:roster" ver="99999999999999999999"/>'],
    ['set', "<enable xmlns='urn:xmpp:carbons:2' h='1'/>"],
  ]
}

/** X17: values at and beyond their ends. */
export function valueRows(node: VictimNode): readonly Row[] {
  return [
    requests(node, wrongRequests(), 'error'),
    requests(node, strangeRequests(), 'an answer'),
    addresses(node),
    presences(node),
    counters(node),
    stamps(node),
  ]
}

function requests(node: VictimNode, list: ReturnType<typeof wrongRequests>, must: string): Row {
  return {
    id: 'X17',
    sent: `${list.length} iqs: dates ±10^15, numbers up to 2,000 digits, JID parts of 1,024 bytes (archive, pages, upload, roster, blocking, PEP, discovery)`,
    must: `${must} each; the stream goes on`,
    run: async () => {
      const client = await node.login('alice', { presence: '<presence/>' })
      const answers: string[] = []
      for (const [type, payload, attributes] of list) {
        const answer = await client.request(type, payload, attributes)
        const kind = answer.attribute('type') ?? ''
        const error = answer.elements('error')[0]?.elements()[0]?.name
        assert.notEqual(error, 'internal-server-error', payload.slice(0, 200))
        assert.ok(must !== 'error' || kind === 'error', `${kind} for ${payload.slice(0, 300)} ${attributes ?? ''}`)
        answers.push(error ?? kind)
      }
      await client.ping()
      await client.end()
      return tally(answers)
    },
  }
}

function addresses(node: VictimNode): Row {
  return {
    id: 'X17',
    sent: `messages to and subscriptions of ${JIDS.length} malformed JIDs and of '', iqs without id, type or child, with an empty id`,
    must: 'error stanzas or nothing, the stream goes on',
    run: async () => {
      const client = await node.login('alice', { presence: '<presence/>' })
      for (const jid of [...JIDS, '']) {
        client.send(
          `<message to='${jid}' id='m'><body>x</body></message><presence to='${jid}' type='subscribe' id='p'/>`,
        )
        client.send(`<presence to='${jid}'/><iq to='${jid}' type='get' id=''><ping xmlns='urn:xmpp:ping'/></iq>`)
      }
      client.send(
        "<iq/><iq type='get'/><iq id='1'/><iq type='nothing' id='2'/><iq type='result' id='3'/><iq type='error' id='4'/>",
      )
      client.send(
        "<message type='nothing'/><message/><presence type='nothing'/><presence type='error'/><message type='error'/>",
      )
      await client.ping()
      const errors = client.heard.filter((e) => e.attribute('type') === 'error')
      const names = errors.map((e) => e.elements('error')[0]?.elements()[0]?.name ?? '')
      assert.ok(!names.includes('internal-server-error'))
      await client.end()
      return tally(names)
    },
  }
}

function presences(node: VictimNode): Row {
  return {
    id: 'X17',
    sent: 'presence with priorities 128, -129 and huge; resources of 1,024 bytes to bind',
    must: 'bad-request each; an error or another resource',
    run: async () => {
      const client = await node.login('alice', { presence: '<presence/>' })
      const answers: string[] = []
      for (const priority of [...HUGE.filter((n) => n !== '' && n !== '-1'), '128', '-129', '1.5']) {
        client.send(`<presence id='p'><priority>${priority}</priority></presence>`)
        const answer = await client.next('an error', (e) => e.name === 'presence' && e.attribute('type') === 'error')
        answers.push(answer.elements('error')[0]?.elements()[0]?.name ?? '')
      }
      await client.end()
      for (const resource of [LONG, '\u00ad', ' ', '&#x202e;']) {
        const other = await HostileClient.connect(node.doors.xmpp)
        await other.authenticate('alice', passwordOf('alice'))
        await other.bind(resource)
        assert.ok(!other.jid.includes(LONG))
        other.destroy()
      }
      return assertAll(answers, 'bad-request')
    },
  }
}

function counters(node: VictimNode): Row {
  return {
    id: 'X17',
    sent: "XEP-0198 'h' that is negative, huge, empty, more than was sent; <resume/> with the same",
    must: 'a stream error; failed with bad-request',
    run: async () => {
      const endings: string[] = []
      for (const h of [...HUGE, '4294967295', '77']) {
        const client = await node.login('alice')
        await client.manage()
        client.send(`<a ${SM} h='${h}'/>`)
        endings.push(await client.ending())
      }
      assert.ok(
        endings.every((e) => e === 'bad-format' || e === 'undefined-condition'),
        tally(endings),
      )
      const failures: string[] = []
      for (const h of HUGE) {
        const client = await HostileClient.connect(node.doors.xmpp)
        await client.authenticate('alice', passwordOf('alice'))
        client.send(`<resume ${SM} previd='x' h='${h}'/>`)
        const failed = await client.next('failed', ({ name }) => name === 'failed')
        failures.push(failed.elements()[0]?.name ?? '')
        client.destroy()
      }
      return `${tally(endings)}; ${assertAll(failures, 'bad-request')}`
    },
  }
}

function stamps(node: VictimNode): Row {
  return {
    id: 'X17',
    sent: 'messages whose delay stamps, ids and expiry lie ±10^15 away, to another account and into the archive',
    must: 'arrive; both clients and the archive go on',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const carol = await node.login('carol', { presence: '<presence/>' })
      for (const [index, date] of DATES.entries()) {
        alice.send(
          `<message to='${carol.jid}' id='${index}' type='chat'><body>x</body><delay xmlns='urn:xmpp:delay' stamp='${date}'/><x xmlns='jabber:x:delay' stamp='${date}'/><x xmlns='jabber:x:expire' seconds='${date}'/><stanza-id xmlns='urn:xmpp:sid:0' by='' id=''/><origin-id xmlns='urn:xmpp:sid:0' id=''/></message>`,
        )
        await carol.next(`message ${index}`, (e) => e.name === 'message' && e.attribute('id') === String(index))
      }
      const page = await carol.request('set', set('<max>200</max><before/>'))
      assert.equal(page.attribute('type'), 'result')
      await Promise.all([alice.end(), carol.end()])
      return `${DATES.length} arrived, archive answered`
    },
  }
}
