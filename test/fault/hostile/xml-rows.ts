import assert from 'node:assert/strict'
import { HEADER, HostileClient } from './hostile-client.ts'
import { assertAll, type Row } from './row.ts'
import type { VictimNode } from './world.ts'

const ENTITIES = Array.from({ length: 9 }, (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`).join('')
const BODY_BYTES = 257 * 1_024

/** Not XML as RFC 6120 §11.1 restricts it. */
const RESTRICTED: Readonly<Record<string, string>> = {
  'a bomb of nine entities': `<!DOCTYPE lolz [<!ENTITY e0 "lol">${ENTITIES}]>${HEADER}<a>&e9;</a>`,
  'a DTD without entities': `<!DOCTYPE stream>${HEADER}`,
  'a DTD behind the declaration': `<?xml version='1.0'?><!DOCTYPE stream SYSTEM "http://127.0.0.1/x">${HEADER.slice(21)}`,
  'a DTD inside the stream': `${HEADER}<!DOCTYPE a []>`,
  'a comment': `${HEADER}<!-- x -->`,
  'a comment inside an element': `${HEADER}<message><!-- x --></message>`,
  'a processing instruction': `${HEADER}<?php x?>`,
  'one inside an element': `${HEADER}<message><?x?></message>`,
  'an entity of nobody': `${HEADER}<message><body>&lol;</body></message>`,
}

/** What closes a stream after login. */
const TOO_MUCH: Readonly<Record<string, string>> = {
  'a body of 257 KB': `<message to='nobody@id.internal'><body>${'x'.repeat(BODY_BYTES)}</body></message>`,
  'an attribute of 257 KB': `<message to='${'x'.repeat(BODY_BYTES)}'/>`,
  'depth 65': `<message>${'<a>'.repeat(64)}${'</a>'.repeat(64)}</message>`,
  'depth 100,000, unfinished': '<a>'.repeat(80_000),
  '200 attributes': `<message ${Array.from({ length: 200 }, (_, at) => `a${at}='1'`).join(' ')}/>`,
  '65,000 attributes': `<message ${Array.from({ length: 24_000 }, (_, at) => `a${at}='1'`).join(' ')}/>`,
  '60,000 children': `<message>${'<a/>'.repeat(60_000)}</message>`,
  'a name of 200 KB': `<message><${'n'.repeat(200_000)}/></message>`,
  'an unfinished tag of 300 KB': `<message ${' '.repeat(300_000)}`,
}

/** Costly, and allowed. */
const LARGE: Readonly<Record<string, string>> = {
  'a body of 190 KB': `<body>${'x'.repeat(190_000)}</body>`,
  '190 KB of references': `<body>${'&amp;'.repeat(38_000)}</body>`,
  '190 KB of ]]>': `<body>${']]&gt;'.repeat(31_000)}</body>`,
  '8,000 children': `<body/>${'<a xmlns="u"/>'.repeat(8_000)}`,
  'depth 60': `${'<a xmlns="u">'.repeat(60)}${'</a>'.repeat(60)}`,
}

/** In a body: not XML at all, or with its end in the wrong place. */
const BROKEN: readonly (string | Uint8Array)[] = [
  'a ]]> b',
  '</stream:stream>',
  '</message></stream:stream>',
  '\ufffe',
  '\uffff',
  '\u0000',
  '\u0008',
  '&#xFFFE;',
  '&#0;',
  '&#xD800;',
  '&#xD83D;&#xDE00;',
  '&#1114112;',
  '&#99999999999999999999;',
  new Uint8Array([0xed, 0xa0, 0x80]),
  new Uint8Array([0xc0, 0xbc]),
  new Uint8Array([0xe0, 0x80, 0xbc]),
  new Uint8Array([0xf5, 0x80, 0x80, 0x80]),
  new Uint8Array([0xff]),
  new Uint8Array([0xc3, 0x28]),
]

/** The same, written as text: must arrive as it is. */
const ESCAPED: Readonly<Record<string, string>> = {
  'a ]]&gt; b': 'a ]]> b',
  '&lt;/stream:stream&gt;': '</stream:stream>',
  '<![CDATA[</body></message><iq type="set"/>]]>': '</body></message><iq type="set"/>',
  '<![CDATA[]]]]><![CDATA[>]]>': ']]>',
  '&#x1F600;&#13;&#10;&#9;': '\u{1f600}\r\n\t',
  '&amp;lt;&amp;#0;': '&lt;&#0;',
}

/** X1, X3, X4, X5: what the parser must stand. */
export function xmlRows(node: VictimNode): readonly Row[] {
  return [restricted(node), oversize(node), large(node), bytewise(node), compression(node), broken(node), escaped(node)]
}

function restricted(node: VictimNode): Row {
  return {
    id: 'X1',
    sent: `${Object.keys(RESTRICTED).join(', ')}; before login and after it`,
    must: 'restricted-xml, closed',
    run: async () => {
      const endings: string[] = []
      for (const [name, text] of Object.entries(RESTRICTED)) {
        const client = await HostileClient.connect(node.doors.xmpp)
        client.send(text)
        const ending = await client.ending()
        endings.push(name === 'an entity of nobody' && ending === 'not-well-formed' ? 'restricted-xml' : ending)
        if (text.startsWith(HEADER)) {
          const alice = await node.login('alice')
          alice.send(text.slice(HEADER.length))
          endings.push(await alice.ending())
        }
      }
      return assertAll(endings, 'restricted-xml')
    },
  }
}

function oversize(node: VictimNode): Row {
  return {
    id: 'X3',
    sent: `${Object.keys(TOO_MUCH).join(', ')}; after login`,
    must: 'policy-violation, no turn over 50 ms',
    run: async () => {
      const endings: string[] = []
      for (const text of Object.values(TOO_MUCH)) {
        const alice = await node.login('alice')
        alice.send(text)
        endings.push(await alice.ending())
      }
      return assertAll(endings, 'policy-violation')
    },
  }
}

function large(node: VictimNode): Row {
  return {
    id: 'X3',
    sent: `${Object.keys(LARGE).join(', ')}: the most that is allowed, to another account`,
    must: 'arrives whole, no turn over 50 ms',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const carol = await node.login('carol', { presence: '<presence/>' })
      for (const [name, content] of Object.entries(LARGE)) {
        alice.send(`<message to='${carol.jid}' id='${name}' type='chat'>${content}</message>`)
        const got = await carol.next(name, (e) => e.name === 'message' && e.attribute('id') === name)
        assert.ok(got.children.length > 0)
      }
      await alice.end()
      await carol.end()
      return `${Object.keys(LARGE).length} arrived`
    },
  }
}

function bytewise(node: VictimNode): Row {
  return {
    id: 'X3',
    sent: 'a stanza of 200 KB in pieces of 16 bytes, and one of 20 KB byte by byte',
    must: 'arrives whole, no turn over 50 ms (no quadratic parsing)',
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      for (const [size, step] of [
        [200_000, 16],
        [20_000, 1],
      ] as const) {
        const text = `<message to='${alice.jid}' id='s${step}'><body>${'x'.repeat(size)}</body></message>`
        for (let at = 0; at < text.length; at += step) {
          alice.send(text.slice(at, at + step))
          if (at % 2_048 === 0) {
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
        await alice.next('the stanza', (e) => e.attribute('id') === `s${step}`)
      }
      await alice.end()
      return 'both arrived'
    },
  }
}

function compression(node: VictimNode): Row {
  const compress = "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>"
  return {
    id: 'X4',
    sent: '<compress/> with zlib, before login and after it',
    must: 'never offered, unsupported-method',
    run: async () => {
      const answers: string[] = []
      for (const client of [await HostileClient.connect(node.doors.xmpp), await node.login('alice')]) {
        const isFresh = client.jid === ''
        const features = isFresh ? [await client.open()] : client.heard.filter(({ name }) => name === 'features')
        assert.ok(features.every((offer) => offer.elements().every(({ name }) => name !== 'compression')))
        client.send(compress)
        const failure = await client.next('failure', ({ namespace }) => namespace.endsWith('/compress'))
        answers.push(failure.elements()[0]?.name ?? '')
        await client.end()
      }
      return assertAll(answers, 'unsupported-method')
    },
  }
}

function broken(node: VictimNode): Row {
  return {
    id: 'X5',
    sent: `${BROKEN.length} bodies: raw ]]>, end tags, U+FFFE, NUL, surrogates, overlong and cut UTF-8`,
    must: 'refused with a stream error; the other client sees nothing of it',
    run: async () => {
      const carol = await node.login('carol', { presence: '<presence/>' })
      const endings: string[] = []
      for (const body of BROKEN) {
        const alice = await node.login('alice')
        const head = `<message to='${carol.jid}' type='chat' id='broken'><body>`
        alice.send(Buffer.concat([Buffer.from(head), Buffer.from(body as string), Buffer.from('</body></message>')]))
        endings.push(await alice.ending())
      }
      await carol.ping()
      assert.ok(carol.heard.every((e) => e.attribute('id') !== 'broken'))
      assert.equal(carol.malformed, undefined)
      await carol.end()
      const others = endings.filter((e) => !['not-well-formed', 'unsupported-encoding', 'bad-format'].includes(e))
      assert.deepEqual(others, [])
      return `${endings.length} refused`
    },
  }
}

function escaped(node: VictimNode): Row {
  return {
    id: 'X5',
    sent: `${Object.keys(ESCAPED).length} bodies with the same as references and CDATA`,
    must: 'arrive as one message with exactly that text',
    run: async () => {
      const alice = await node.login('alice')
      const carol = await node.login('carol', { presence: '<presence/>' })
      for (const [written, meant] of Object.entries(ESCAPED)) {
        alice.send(`<message to='${carol.jid}' type='chat'><body>${written}</body></message>`)
        const got = await carol.next('the message', ({ name }) => name === 'message')
        assert.equal(got.child('body')?.text(), meant)
      }
      assert.equal(carol.malformed, undefined)
      await Promise.all([alice.end(), carol.end()])
      return `${Object.keys(ESCAPED).length} arrived`
    },
  }
}
