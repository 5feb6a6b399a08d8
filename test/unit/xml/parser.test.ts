import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Element, element } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { XmlError, type XmlErrorCondition } from '../../../src/xml/xml-error.ts'
import { DEFAULT_XML_LIMITS } from '../../../src/xml/xml-limits.ts'

const NESTED_ENTITIES = `<!DOCTYPE a [<!ENTITY b "b">${Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i} "${i === 0 ? '&b;' : `&e${i - 1};`.repeat(10)}">`).join('')}]><a>&e8;</a>`

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const bytes = (...codes: number[]): Uint8Array => Uint8Array.of(...utf8('<a>'), ...codes, ...utf8('</a>'))
const attributes = (count: number): string => Array.from({ length: count }, (_, i) => ` a${i}=""`).join('')
const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)

const REFUSED: readonly [what: string, frame: string | Uint8Array, condition: XmlErrorCondition][] = [
  ['an entity bomb (X1)', NESTED_ENTITIES, 'restricted-xml'],
  ['a DOCTYPE without entities (X1)', '<!DOCTYPE a><a/>', 'restricted-xml'],
  ['a DOCTYPE that never ends', `<!DOCTYPE a [${'x'.repeat(200_000)}`, 'restricted-xml'],
  ['a comment (X1)', '<a><!-- c --></a>', 'restricted-xml'],
  ['a comment before the element', '<!-- c --><a/>', 'restricted-xml'],
  ['a comment after a CDATA section', '<a><![CDATA[x]]><!-- c --></a>', 'restricted-xml'],
  ['a comment behind a CDATA section in an attribute', '<a b="<![CDATA["><!-- c --></a>', 'not-well-formed'],
  ['a processing instruction (X1)', '<a><?p i?></a>', 'restricted-xml'],
  ['an XML declaration', '<?xml version="1.0"?><a/>', 'restricted-xml'],
  ['an undefined entity', '<a>&foo;</a>', 'restricted-xml'],
  ['an undefined entity in an attribute', '<a b="&nbsp;"/>', 'restricted-xml'],
  ['an entity named like a property', '<a>&__proto__;</a>', 'restricted-xml'],
  ['an ampersand without an entity', '<a>a & b</a>', 'not-well-formed'],
  ['an entity that never ends', '<a>&amp</a>', 'not-well-formed'],
  ['a reference to U+0000', '<a>&#0;</a>', 'not-well-formed'],
  ['a reference to U+FFFE', '<a>&#xFFFE;</a>', 'not-well-formed'],
  ['a reference to a surrogate', '<a>&#xD800;</a>', 'not-well-formed'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>', 'not-well-formed'],
  ['a reference without a number', '<a>&#;</a>', 'not-well-formed'],
  ['257 KB of body (X3)', `<a>${'x'.repeat(257 * 1024)}</a>`, 'policy-violation'],
  ['257 KB as bytes', utf8(`<a>${'x'.repeat(257 * 1024)}</a>`), 'policy-violation'],
  ['text that is too long only as UTF-8', `<a>${'é'.repeat(140_000)}</a>`, 'policy-violation'],
  ['depth 65 (X3)', nested(65), 'policy-violation'],
  ['256 KiB of opening tags', '<a>'.repeat(80_000), 'policy-violation'],
  ['65 attributes', `<a${attributes(65)}/>`, 'policy-violation'],
  ['200 attributes (X3)', `<a${attributes(200)}/>`, 'policy-violation'],
  ['10,000 attributes', `<a${attributes(10_000)}/>`, 'policy-violation'],
  ['too many elements', `<a>${'<b/>'.repeat(16_384)}</a>`, 'policy-violation'],
  ['a huge element name', `<${'a'.repeat(1_000)}/>`, 'policy-violation'],
  ['a huge attribute name', `<a ${'b'.repeat(1_000)}=""/>`, 'policy-violation'],
  ['a huge closing name', `<a></${'b'.repeat(200_000)}>`, 'not-well-formed'],
  ['a name that only some editions of XML allow', '<a><\uFEFFb/></a>', 'policy-violation'],
  ['an attribute name that is not ASCII', '<a é=""/>', 'policy-violation'],
  ['a prefix that is not ASCII', '<a xmlns:é="u"/>', 'policy-violation'],
  ['a namespace with the separator of another parser (X5)', '<a xmlns="u&#10;v"/>', 'policy-violation'],
  ['a namespace with a space', '<a xmlns:b="u v"/>', 'policy-violation'],
  ['a namespace in Clark notation', '<a xmlns="u}v"/>', 'policy-violation'],
  ['a huge namespace', `<a xmlns="${'u'.repeat(257)}"/>`, 'policy-violation'],
  [
    'a long namespace used by many elements (X2)',
    `<a xmlns:p="${'u'.repeat(256)}">${'<p:b/>'.repeat(10_000)}</a>`,
    'policy-violation',
  ],
  [
    'a long namespace used by many attributes',
    `<a xmlns:p="${'u'.repeat(256)}">${'<b p:c=""/>'.repeat(10_000)}</a>`,
    'policy-violation',
  ],
  ['a duplicate attribute', '<a b="" b=""/>', 'not-well-formed'],
  ['a duplicate expanded name', '<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>', 'not-well-formed'],
  ['two default namespaces', '<a xmlns="u" xmlns="v"/>', 'not-well-formed'],
  ['an unbound element prefix', '<x:a/>', 'not-well-formed'],
  ['an unbound attribute prefix', '<a x:b=""/>', 'not-well-formed'],
  ['a prefix out of its scope', '<a><b xmlns:x="u"/><x:c/></a>', 'not-well-formed'],
  ['a prefix bound to nothing', '<a xmlns:x=""/>', 'not-well-formed'],
  ['an empty prefix declared (X5)', '<a xmlns:="jabber:client"/>', 'not-well-formed'],
  ['an empty prefix beside a default namespace', '<a xmlns="u" xmlns:="v"/>', 'not-well-formed'],
  ['a prefix with a colon', '<a xmlns:b:c="u"/>', 'not-well-formed'],
  ['an empty prefix', '<:a/>', 'not-well-formed'],
  ['an empty local name', '<a xmlns:x="u"><x:/></a>', 'not-well-formed'],
  ['a local name that is none', '<a xmlns:x="u"><x:-b/></a>', 'not-well-formed'],
  ['a name with two colons', '<a xmlns:x="u"><x:b:c/></a>', 'not-well-formed'],
  ['an element in the prefix xmlns', '<xmlns:a/>', 'not-well-formed'],
  ['the prefix xml bound elsewhere', '<a xmlns:xml="u"/>', 'not-well-formed'],
  ['the prefix xmlns bound', '<a xmlns:xmlns="u"/>', 'not-well-formed'],
  ['another prefix for xml', '<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>', 'not-well-formed'],
  ['xmlns as default', '<a xmlns="http://www.w3.org/2000/xmlns/"/>', 'not-well-formed'],
  ['a raw control character', '<a>\u0001</a>', 'not-well-formed'],
  ['a raw NUL', '<a>\u0000</a>', 'not-well-formed'],
  ['a raw U+FFFE (X5)', '<a>\uFFFE</a>', 'not-well-formed'],
  ['a raw U+FFFF', '<a b="\uFFFF"/>', 'not-well-formed'],
  ['a lone surrogate in a string (X5)', '<a>\uD800x</a>', 'unsupported-encoding'],
  ['a lone surrogate in UTF-8', bytes(0xed, 0xa0, 0x80), 'unsupported-encoding'],
  ['an overlong form (X5)', bytes(0xc0, 0xbc), 'unsupported-encoding'],
  ['Latin-1', bytes(0xe9), 'unsupported-encoding'],
  ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x3c, 0, 0x61, 0), 'unsupported-encoding'],
  ['a byte cut off', utf8('<a>é').subarray(0, 4), 'unsupported-encoding'],
  ['a byte order mark', utf8('\uFEFF<a/>'), 'not-well-formed'],
  [']]> in text (X5)', '<a>]]></a>', 'not-well-formed'],
  ['a closing tag of another element (X5)', '<a></stream:stream></a>', 'not-well-formed'],
  ['a stanza after the element (X5)', '<a/><b/>', 'not-well-formed'],
  ['a stanza after a closing tag', '<a></a></a><b/>', 'not-well-formed'],
  ['text after the element', '<a/>x', 'not-well-formed'],
  ['a CDATA section after the element', '<a/><![CDATA[x]]>', 'not-well-formed'],
  ['a CDATA section that never ends', '<a><![CDATA[x</a>', 'not-well-formed'],
  ['an element that never ends', '<a><b/>', 'not-well-formed'],
  ['a tag that never ends', '<a b="', 'not-well-formed'],
  ['an attribute without quotes', '<a b=c/>', 'not-well-formed'],
  ['< in an attribute', '<a b="<"/>', 'not-well-formed'],
  ['nothing', '', 'not-well-formed'],
  ['white space', ' \n', 'not-well-formed'],
  ['plain text', 'hello', 'not-well-formed'],
]

for (const [what, frame, condition] of REFUSED) {
  test(`${what} is refused with ${condition}`, () => {
    assert.throws(
      () => parseElement(frame),
      (error) => error instanceof XmlError && error.condition === condition && error.message.length <= 200,
    )
    assert.deepEqual(parseElement('<ok/>'), element('ok', ''))
  })
}

test('what lies exactly at the limits is accepted', () => {
  parseElement(nested(64))
  parseElement(`<a${attributes(63)}/>`)
  parseElement(`<a>${'<b/>'.repeat(16_383)}</a>`)
  parseElement(`<a>${'x'.repeat(DEFAULT_XML_LIMITS.maxBytes - 7)}</a>`)
  parseElement(`<${'a'.repeat(256)}/>`)
})

test('large legal frames come out whole', () => {
  const frame = (text: string): string => `<a>${text}</a>`
  assert.equal(parseElement(frame('&amp;'.repeat(50_000))).text(), '&'.repeat(50_000))
  assert.equal(parseElement(frame('<![CDATA[]]>'.repeat(20_000))).children.length, 0)
  assert.equal(parseElement(`<a b="${'&lt;'.repeat(60_000)}"/>`).attribute('b'), '<'.repeat(60_000))
})

test('names are expanded by the declarations in force', () => {
  const parsed = parseElement(
    '<s:a xmlns:s="urn:s" xmlns="urn:d" b="1" s:c="2" xml:lang="de"><b/><b xmlns=""/><s:b xmlns:s="urn:t"/><s:b/></s:a>',
  )
  const expected = element('a', 'urn:s', { b: '1', '{urn:s}c': '2', 'xml:lang': 'de' }, [
    element('b', 'urn:d'),
    element('b', ''),
    element('b', 'urn:t'),
    element('b', 'urn:s'),
  ])
  assert.deepEqual(parsed, expected)
})

test('CDATA sections, references and line ends become text in one piece', () => {
  const parsed = parseElement('<a b="1\n2&#10;3">a&lt;&#x62;<![CDATA[<!-- &foo; <?p?> ]]>\r\nc<d/>e</a>')
  assert.deepEqual(parsed.children, ['a<b<!-- &foo; <?p?> \nc', element('d', ''), 'e'])
  assert.equal(parsed.attribute('b'), '1 2\n3')
})

test('white space around the element is allowed', () => {
  assert.equal(parseElement(' \r\n<a/>\t').name, 'a')
})

test('attributes named like properties of objects are attributes like any other', () => {
  const parsed = parseElement('<a __proto__="x" constructor="y" hasOwnProperty="z"/>')
  assert.deepEqual(Object.keys(parsed.attributes), ['__proto__', 'constructor', 'hasOwnProperty'])
  assert.equal(parsed.attribute('__proto__'), 'x')
  assert.equal(parseElement('<a/>').attribute('constructor'), undefined)
})

test('what is accepted can be read again by itself, whatever its surroundings declared', () => {
  for (const count of [30, 31, 32, 60]) {
    const names = Array.from({ length: count }, (_, i) => ` p:a${i}=""`).join('')
    for (const [frame, pick] of [
      [`<r xmlns:p="urn:p"><e${names}/></r>`, true],
      [`<p:r xmlns:p="urn:p"${names}/>`, false],
    ] as const) {
      let root: Element
      try {
        root = parseElement(frame)
      } catch (error) {
        assert.equal((error as XmlError).condition, 'policy-violation')
        continue
      }
      const inner = pick ? (root.elements()[0] as Element) : root
      assert.deepEqual(parseElement(serialize(inner)), inner)
    }
  }
})
