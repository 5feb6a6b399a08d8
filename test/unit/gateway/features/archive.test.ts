import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { archiveFeature } from '../../../../src/gateway/features/archive/archive.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { type FakeSession, FeatureWorld } from '../../../support/feature-world.ts'

const ROMEO = `00${'cd'.repeat(32)}@id.internal`
const MERCUTIO = `00${'ef'.repeat(32)}@id.internal`
const START_MS = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000

interface ArchiveWorld {
  readonly world: FeatureWorld
  readonly balcony: FakeSession
}

/** An archive with messages 100, 101, …, one a minute, alternately from Romeo and Mercutio. */
function archiveOf(count: number): ArchiveWorld {
  const world = new FeatureWorld()
  world.make([archiveFeature])
  for (let i = 0; i < count; i++) {
    const from = i % 2 === 0 ? `${ROMEO}/orchard` : MERCUTIO
    const message = `<message xmlns='jabber:client' from='${from}' to='${world.account.address}' type='chat' id='m${i}'><body>${i}</body></message>`
    world.account.hear(parseElement(message), START_MS + i * MINUTE_MS)
  }
  return { world, balcony: world.bind('balcony') }
}

function fields(values: Readonly<Record<string, string | readonly string[]>>): string {
  const all = Object.entries({ FORM_TYPE: 'urn:xmpp:mam:2', ...values }).map(([name, value]) => {
    const texts = [value].flat().map((text) => `<value>${text}</value>`)
    return `<field var='${name}'>${texts.join('')}</field>`
  })
  return `<x xmlns='jabber:x:data' type='submit'>${all.join('')}</x>`
}

function set(inner: string): string {
  return `<set xmlns='http://jabber.org/protocol/rsm'>${inner}</set>`
}

async function query(
  { world, balcony }: ArchiveWorld,
  inner: string,
): Promise<{ ids: (string | undefined)[]; answer: string }> {
  const answer = await world.ask(
    balcony,
    `<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='f27'>${inner}</query></iq>`,
  )
  const ids = balcony.port.takeStanzas().map((message) => message.child('result', 'urn:xmpp:mam:2')?.attribute('id'))
  return { ids, answer }
}

function fin(first: string | undefined, last: string | undefined, isComplete: boolean): string {
  const page = first === undefined ? '' : `<first>${first}</first><last>${last}</last>`
  const resultSet =
    page === ''
      ? '<set xmlns="http://jabber.org/protocol/rsm"/>'
      : `<set xmlns="http://jabber.org/protocol/rsm">${page}</set>`
  return `<iq type="result"><fin xmlns="urn:xmpp:mam:2"${isComplete ? ' complete="true"' : ''}>${resultSet}</fin></iq>`
}

test('a message comes forwarded, with its stamp, the id of the query and the id it has in the archive', async () => {
  const { world, balcony } = archiveOf(1)
  await world.ask(balcony, `<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='f27'/></iq>`)
  const own = world.account.address
  assert.deepEqual(balcony.port.take(), [
    `<message xmlns="jabber:client" from="${own}" to="${own}/balcony"><result xmlns="urn:xmpp:mam:2" queryid="f27" id="100"><forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="2026-01-01T00:00:00.000Z"/><message xmlns="jabber:client" from="${ROMEO}/orchard" to="${own}" type="chat" id="m0"><body>0</body><stanza-id xmlns="urn:xmpp:sid:0" id="100" by="${own}"/></message></forwarded></result></message>`,
  ])
})

test('what an archived message claims in the name of the own server is not repeated', async () => {
  const { world, balcony } = archiveOf(0)
  const own = world.account.address
  world.account.hear(
    parseElement(
      `<message xmlns='jabber:client' from='${ROMEO}' to='${own}'><body>hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='${own}' id='forged'/><result xmlns='urn:xmpp:mam:2'/></message>`,
    ),
  )
  await world.ask(balcony, `<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>`)
  const [message = ''] = balcony.port.take()
  assert.doesNotMatch(message, /forged/)
  assert.equal(message.match(/<result /g)?.length, 1)
  assert.doesNotMatch(message, /queryid/)
})

test('an empty archive gives an empty, complete page', async () => {
  assert.deepEqual(await query(archiveOf(0), ''), { ids: [], answer: fin(undefined, undefined, true) })
})

const PAGES: readonly (readonly [title: string, inner: string, ids: readonly string[], isComplete: boolean])[] = [
  ['the first page', set('<max>2</max>'), ['100', '101'], false],
  ['the next page', set('<max>2</max><after>101</after>'), ['102', '103'], false],
  ['the page after which there is nothing', set('<max>2</max><after>103</after>'), ['104'], true],
  ['the page after the last message', set('<after>104</after>'), [], true],
  ['the last page', set('<max>2</max><before/>'), ['103', '104'], false],
  ['the page before', set('<max>2</max><before>103</before>'), ['101', '102'], false],
  ['the page before which there is nothing', set('<max>2</max><before>101</before>'), ['100'], true],
  ['a flipped page', `${set('<max>2</max><before/>')}<flip-page/>`, ['104', '103'], false],
  ['a page of nothing', set('<max>0</max>'), [], false],
  ['with a bare JID', fields({ with: ROMEO }), ['100', '102', '104'], true],
  ['with a full JID', fields({ with: `${ROMEO}/orchard` }), ['100', '102', '104'], true],
  ['with another full JID', fields({ with: `${ROMEO}/garden` }), [], true],
  ['from a moment on', fields({ start: '2026-01-01T00:03:00Z' }), ['103', '104'], true],
  ['up to a moment in another zone', fields({ end: '2026-01-01T01:01:00+01:00' }), ['100', '101'], true],
  ['between two messages', fields({ 'after-id': '100', 'before-id': '103' }), ['101', '102'], true],
  [
    'of that the last page',
    `${fields({ 'after-id': '100', 'before-id': '104' })}${set('<max>1</max><before/>')}`,
    ['103'],
    false,
  ],
  [
    'of that the page before',
    `${fields({ 'after-id': '100', 'before-id': '104' })}${set('<before>102</before>')}`,
    ['101'],
    true,
  ],
  [
    'of that the page after',
    `${fields({ 'after-id': '100', 'before-id': '104' })}${set('<after>102</after>')}`,
    ['103'],
    true,
  ],
  ['by ids', fields({ ids: ['103', '101'] }), ['101', '103'], true],
  ['by ids, the first page', `${fields({ ids: ['103', '101', '104'] })}${set('<max>2</max>')}`, ['101', '103'], false],
  [
    'by ids, the last page',
    `${fields({ ids: ['103', '101', '104'] })}${set('<max>2</max><before/>')}`,
    ['103', '104'],
    false,
  ],
  [
    'by ids, the next page',
    `${fields({ ids: ['103', '101', '104'] })}${set('<max>2</max><after>103</after>')}`,
    ['104'],
    true,
  ],
  ['rooms or not, which there are none of', fields({ 'include-groupchat': 'true', 'after-id': '103' }), ['104'], true],
  ['fields that are empty', fields({ with: '', start: '', end: '', 'after-id': '103' }), ['104'], true],
]

for (const [title, inner, ids, isComplete] of PAGES) {
  test(`a query finds ${title}`, async () => {
    const chronological = [...ids].sort()
    assert.deepEqual(await query(archiveOf(5), inner), {
      ids,
      answer: fin(chronological[0], chronological.at(-1), isComplete),
    })
  })
}

test('paging with any size in either direction meets every message once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 12 }), fc.boolean(), async (count, max, backwards) => {
      const archive = archiveOf(count)
      const seen: (string | undefined)[] = []
      let edge: string | undefined
      for (let pages = 0; pages <= count; pages++) {
        const place = backwards ? `<before>${edge ?? ''}</before>` : `<after>${edge ?? ''}</after>`
        const { ids, answer } = await query(archive, set(`<max>${max}</max>${place}`))
        assert.ok(ids.length <= max)
        seen.splice(backwards ? 0 : seen.length, 0, ...ids)
        edge = backwards ? ids[0] : ids.at(-1)
        if (answer.includes('complete="true"')) {
          break
        }
      }
      assert.deepEqual(
        seen,
        Array.from({ length: count }, (_, i) => String(100 + i)),
      )
    }),
    { numRuns: 30 },
  )
})

test('without a size 50 messages come, and never more than 250', async () => {
  const archive = archiveOf(300)
  assert.equal((await query(archive, '')).ids.length, 50)
  assert.equal((await query(archive, set('<max>100</max>'))).ids.length, 100)
  assert.equal((await query(archive, set('<max>999999999</max>'))).ids.length, 250)
  const ids = Array.from({ length: 120 }, (_, i) => String(100 + i))
  assert.equal((await query(archive, fields({ ids }))).ids.length, 120, 'all that were named')
})

const REFUSED: readonly (readonly [title: string, inner: string, condition: RegExp])[] = [
  ['a page after an unknown message', set('<after>999</after>'), /type="cancel"><item-not-found/],
  ['a page before an unknown message', set('<before>a</before>'), /<item-not-found/],
  ['an unknown id among those asked for', fields({ ids: ['100', '999'] }), /<item-not-found/],
  ['an unknown before-id', fields({ 'before-id': '1' }), /<item-not-found/],
  [
    'an unknown after-id beside a page',
    `${fields({ 'after-id': '1' })}${set('<after>102</after>')}`,
    /<item-not-found/,
  ],
  [
    'an unknown before-id beside a page',
    `${fields({ 'before-id': '999' })}${set('<before>102</before>')}`,
    /<item-not-found/,
  ],
  ['too many ids', fields({ ids: Array.from({ length: 251 }, (_, i) => String(i)) }), /<policy-violation/],
  ['a field nobody knows', fields({ '{urn:x}text': 'love' }), /<feature-not-implemented/],
  ['paging by index', set('<max>5</max><index>2</index>'), /<feature-not-implemented/],
  ['a size that is no number', set('<max>-1</max>'), /<bad-request/],
  ['a size of many digits', set('<max>1000000000000000000000</max>'), /<bad-request/],
  ['a time that is none', fields({ start: '275760-09-13' }), /<bad-request/],
  ['an address that is none', fields({ with: '@' }), /<jid-malformed/],
]

for (const [title, inner, condition] of REFUSED) {
  test(`${title} is refused, and no message comes`, async () => {
    const { ids, answer } = await query(archiveOf(5), inner)
    assert.match(answer, condition)
    assert.deepEqual(ids, [])
  })
}

test('the form names the fields of XEP-0313', async () => {
  const { world, balcony } = archiveOf(0)
  assert.equal(
    await world.ask(balcony, `<iq type='get'><query xmlns='urn:xmpp:mam:2'/></iq>`),
    '<iq type="result"><query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="form">' +
      '<field var="FORM_TYPE" type="hidden"><value>urn:xmpp:mam:2</value></field><field var="with" type="jid-single"/>' +
      '<field var="start" type="text-single"/><field var="end" type="text-single"/>' +
      '<field var="before-id" type="text-single"/><field var="after-id" type="text-single"/>' +
      '<field var="ids" type="list-multi"><validate xmlns="http://jabber.org/protocol/xdata-validate" datatype="xs:string"><open/></validate></field>' +
      '<field var="include-groupchat" type="boolean"/></x></query></iq>',
  )
})

test('metadata tell the first and the last message, or that there is none', async () => {
  const get = `<iq type='get'><metadata xmlns='urn:xmpp:mam:2'/></iq>`
  const empty = archiveOf(0)
  assert.equal(await empty.world.ask(empty.balcony, get), '<iq type="result"><metadata xmlns="urn:xmpp:mam:2"/></iq>')
  const { world, balcony } = archiveOf(3)
  assert.equal(
    await world.ask(balcony, get),
    '<iq type="result"><metadata xmlns="urn:xmpp:mam:2"><start id="100" timestamp="2026-01-01T00:00:00.000Z"/><end id="102" timestamp="2026-01-01T00:02:00.000Z"/></metadata></iq>',
  )
})

test('everything is archived, and asking for anything else is refused', async () => {
  const { world, balcony } = archiveOf(0)
  const always = '<iq type="result"><prefs xmlns="urn:xmpp:mam:2" default="always"><always/><never/></prefs></iq>'
  const setPrefs = (prefs: string): string => `<iq type='set'><prefs xmlns='urn:xmpp:mam:2' ${prefs}</prefs></iq>`
  assert.equal(await world.ask(balcony, `<iq type='get'><prefs xmlns='urn:xmpp:mam:2'/></iq>`), always)
  assert.equal(await world.ask(balcony, setPrefs(`default='always'><always/><never/>`)), always)
  assert.match(await world.ask(balcony, setPrefs(`default='never'>`)), /<not-allowed/)
  assert.match(await world.ask(balcony, setPrefs(`default='roster'>`)), /<not-allowed/)
  assert.match(await world.ask(balcony, setPrefs(`><never><jid>a.lit</jid></never>`)), /<not-allowed/)
})

test('nobody but the owner reads the archive', async () => {
  const { world } = archiveOf(3)
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  for (const payload of ['query', 'metadata', 'prefs']) {
    assert.match(
      await world.ask(`${ROMEO}/orchard`, `<iq type='get'><${payload} xmlns='urn:xmpp:mam:2'/></iq>`),
      /type="auth"><forbidden/,
    )
  }
  assert.match(await world.ask(ROMEO, `<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>`), /<forbidden/)
})

test('a client that does not read is waited for', async () => {
  const { world, balcony } = archiveOf(3)
  balcony.port.isFull = true
  const answer = world.ask(balcony, `<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>`)
  await world.clock.advance(10_000)
  assert.equal(balcony.port.stanzas.length, 0)
  balcony.port.isFull = false
  assert.equal(await world.clock.run(answer), fin('100', '102', true))
  assert.equal(balcony.port.stanzas.length, 3)
})

test('a client that never reads gets an error in the end', async () => {
  const { world, balcony } = archiveOf(3)
  balcony.port.isFull = true
  const answer = await world.clock.run(world.ask(balcony, `<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>`))
  assert.match(answer, /type="wait"><resource-constraint/)
  assert.equal(balcony.port.stanzas.length, 0)
})
