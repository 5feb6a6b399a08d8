import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serialize } from '../../../src/xml/serializer.ts'
import { StreamParser } from '../../../src/xml/stream-parser.ts'
import { XmlError } from '../../../src/xml/xml-error.ts'
import { DEFAULT_XML_LIMITS, type XmlLimits } from '../../../src/xml/xml-limits.ts'

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='id.internal'>"

/** What a stream says when its bytes come in these pieces: its events as text, then the condition that ended it. */
function read(pieces: readonly Uint8Array[], limits: XmlLimits = DEFAULT_XML_LIMITS): string[] {
  const parser = new StreamParser(limits)
  const events: string[] = []
  try {
    for (const piece of pieces) {
      parser.push(piece)
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        if (event.type === 'header') {
          const { element, prefix, defaultNamespace } = event.header
          events.push(`${prefix}|${defaultNamespace}|${serialize(element)}`)
        } else {
          events.push(event.type === 'end' ? 'end' : serialize(event.element))
        }
        if (event.type === 'end') {
          return events
        }
      }
    }
  } catch (error) {
    assert.ok(error instanceof XmlError, String(error))
    events.push(error.condition)
  }
  return events
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const length = lengths.length === 0 ? bytes.length : (lengths[turn % lengths.length] as number)
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

const HEADER_EVENT = 'stream|jabber:client|<stream xmlns="http://etherx.jabber.org/streams" to="id.internal"/>'

test('a stream gives its header, its child elements and its end', () => {
  const stanzas = "<message to='a@b'><body>x &gt; y</body></message> \n <presence/>"
  assert.deepEqual(read([bytesOf(`${HEADER}${stanzas}</stream:stream>`)]), [
    HEADER_EVENT,
    '<message xmlns="jabber:client" to="a@b"><body>x &gt; y</body></message>',
    '<presence xmlns="jabber:client"/>',
    'end',
  ])
})

test('a prefix that only the header declares resolves in every child element', () => {
  const stream =
    "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns:q='urn:q'><q:a q:b='c'/><stream:x/>"
  assert.deepEqual(read([bytesOf(stream)]).slice(1), [
    '<a xmlns="urn:q" xmlns:n0="urn:q" n0:b="c"/>',
    '<x xmlns="http://etherx.jabber.org/streams"/>',
  ])
})

const ENDINGS: readonly (readonly [string, string, string])[] = [
  ['a DTD before the header', "<!DOCTYPE a [<!ENTITY b 'c'>]><a>", 'restricted-xml'],
  ['a DTD behind the XML declaration', "<?xml version='1.0'?><!DOCTYPE a>", 'restricted-xml'],
  ['a comment between stanzas', `${HEADER}<!-- c -->`, 'restricted-xml'],
  ['a comment within a stanza', `${HEADER}<a><!-- c --></a>`, 'restricted-xml'],
  ['a processing instruction', `${HEADER}<?php ?>`, 'restricted-xml'],
  ['an XML declaration that comes late', `${HEADER}<?xml version='1.0'?>`, 'restricted-xml'],
  ['an XML declaration behind white space', ` ${HEADER}`, 'restricted-xml'],
  ['an entity', `${HEADER}<a>&nbsp;</a>`, 'restricted-xml'],
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n', 'not-well-formed'],
  ['TLS', '\x16\x03\x01\x02\x00\x01', 'not-well-formed'],
  ['text between stanzas', `${HEADER}hello`, 'not-well-formed'],
  ['a CDATA section between stanzas', `${HEADER}<![CDATA[a]]>`, 'restricted-xml'],
  ['a tag that does not match', `${HEADER}<a></b>`, 'not-well-formed'],
  ['the end tag of another stream', `${HEADER}</stream>`, 'not-well-formed'],
  ['a tag in a tag', `${HEADER}<a <b/>`, 'not-well-formed'],
  ['a `<` in a value', `${HEADER}<a b='<'/>`, 'not-well-formed'],
  ['an unbound prefix', `${HEADER}<q:a/>`, 'not-well-formed'],
  ['an encoding other than UTF-8', "<?xml version='1.0' encoding='UTF-16'?><a>", 'unsupported-encoding'],
  ['a byte order mark', `\ufeff${HEADER}`, 'not-well-formed'],
  ['elements nested too deep', `${HEADER}${'<a>'.repeat(65)}`, 'policy-violation'],
  [
    'too many attributes',
    `${HEADER}<a ${Array.from({ length: 65 }, (_, n) => `b${n}=''`).join(' ')}/>`,
    'policy-violation',
  ],
]

for (const [what, stream, condition] of ENDINGS) {
  test(`${what} ends the stream with ${condition}, in one piece and byte by byte`, () => {
    const bytes = bytesOf(stream)
    assert.equal(read([bytes]).at(-1), condition)
    assert.equal(read(cut(bytes, [1])).at(-1), condition)
  })
}

test('invalid UTF-8 ends the stream, also where it is cut in two', () => {
  const invalid = [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82]]
  for (const sequence of invalid) {
    const bytes = Uint8Array.from([...bytesOf(`${HEADER}<a>`), ...sequence, ...bytesOf('</a>')])
    assert.equal(read([bytes]).at(-1), 'unsupported-encoding')
    assert.equal(read(cut(bytes, [1])).at(-1), 'unsupported-encoding')
  }
})

test('a stanza may be as long as the limit and no longer, however it comes', () => {
  const limits = { ...DEFAULT_XML_LIMITS, maxBytes: 1_000 }
  const fits = `<a>${'x'.repeat(993)}</a>`
  for (const lengths of [[], [1], [7], [999]]) {
    assert.equal(read(cut(bytesOf(HEADER + fits + fits), lengths), limits).length, 3)
    assert.equal(read(cut(bytesOf(`${HEADER}<a>${'x'.repeat(994)}</a>`), lengths), limits).at(-1), 'policy-violation')
    assert.equal(read(cut(bytesOf(`${HEADER}<a ${'x'.repeat(2_000)}`), lengths), limits).at(-1), 'policy-violation')
  }
})

test('white space between stanzas is no part of the next one, and is not kept', () => {
  const parser = new StreamParser({ ...DEFAULT_XML_LIMITS, maxBytes: 200 })
  parser.push(bytesOf(HEADER))
  assert.equal(parser.next()?.type, 'header')
  for (let times = 0; times < 100; times++) {
    parser.push(bytesOf(' \n'.repeat(50)))
    assert.equal(parser.next(), undefined)
    assert.equal(parser.bufferedBytes, 0)
  }
  parser.push(bytesOf(`<a>${'x'.repeat(193)}</a>`))
  assert.equal(parser.next()?.type, 'element')
})

test('after a restart a new header is expected, behind white space too, with other namespaces', () => {
  const parser = new StreamParser(DEFAULT_XML_LIMITS)
  parser.push(bytesOf(`${HEADER}<a/>\n${HEADER.replace('jabber:client', 'urn:other')}<b/>`))
  assert.equal(parser.next()?.type, 'header')
  assert.equal(parser.next()?.type, 'element')
  parser.restart()
  assert.equal(parser.next()?.type, 'header')
  const event = parser.next()
  assert.ok(event?.type === 'element')
  assert.equal(event.element.namespace, 'urn:other')
})

test('what is discarded is not read, and the caller learns whether it was more than white space', () => {
  const parser = new StreamParser(DEFAULT_XML_LIMITS)
  parser.push(bytesOf(`${HEADER}<a/><b/>`))
  parser.next()
  parser.next()
  assert.equal(parser.discard(), true)
  parser.push(bytesOf(' \n'))
  assert.equal(parser.discard(), false)
  parser.push(bytesOf('<c/>'))
  const event = parser.next()
  assert.ok(event?.type === 'element')
  assert.equal(event.element.name, 'c')
})

const part = fc.constantFrom(
  "<message to='a'><body>hé 😀 &amp; &#x41;</body></message>",
  "<a b='>' c=\"'/>\"/>",
  '<a><![CDATA[ ]] > ]]]]><b></b></a>',
  "<q:x xmlns:q='urn:q'><y xmlns=''/></q:x>",
  ' \r\n\t',
  '<a><b/><b>t</b></a >',
  '<!-- x -->',
  '<![CDATA[',
  ']]>',
  '</a>',
  '<a',
  '<',
  "'",
  '&lt',
  '\u00e9',
  '</stream:stream>',
)

test('however a stream is cut into pieces, its events are the same', () => {
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
      (parts, lengths) => {
        const bytes = bytesOf(HEADER + parts.join(''))
        assert.deepEqual(read(cut(bytes, lengths)), read([bytes]))
      },
    ),
    { numRuns: 500 },
  )
})

test('however garbage is cut into pieces, its events are the same', () => {
  const byte = fc.constantFrom(...bytesOf('<>/!?[]"\'= ax&;-CDAT:'), 0xc3, 0xa9, 0x00)
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      (garbage, lengths) => {
        const bytes = Uint8Array.from([...bytesOf(HEADER), ...garbage])
        assert.deepEqual(read(cut(bytes, lengths)), read([bytes]))
      },
    ),
    { numRuns: 1_000 },
  )
})
