import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element, element } from '../../../src/xml/element.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { XmlError } from '../../../src/xml/xml-error.ts'

test('xmlns is written only where the namespace changes', () => {
  const message = element('message', 'jabber:client', {}, [
    element('body', 'jabber:client', {}, ['x']),
    element('request', 'urn:xmpp:receipts'),
    element('none', ''),
  ])
  const inner = '<body>x</body><request xmlns="urn:xmpp:receipts"/><none xmlns=""/>'
  assert.equal(serialize(message), `<message xmlns="jabber:client">${inner}</message>`)
  assert.equal(serialize(message, 'jabber:client'), `<message>${inner}</message>`)
})

test('namespaced attributes get prefixes, one a namespace', () => {
  const written = serialize(element('a', '', { '{u}b': '1', '{u}c': '2', '{v}b': '3', 'xml:lang': 'de', d: '4' }))
  assert.equal(written, '<a xmlns:n0="u" n0:b="1" n0:c="2" xmlns:n1="v" n1:b="3" xml:lang="de" d="4"/>')
})

test('text cannot leave its place (X6)', () => {
  const hostile = `"/><iq type='set'>]]></stream:stream>\t\n\r&`
  assert.equal(
    serialize(element('a', '', { b: hostile }, [hostile])),
    '<a b="&quot;/&gt;&lt;iq type=\'set\'&gt;]]&gt;&lt;/stream:stream&gt;&#9;&#10;&#13;&amp;">' +
      "\"/&gt;&lt;iq type='set'&gt;]]&gt;&lt;/stream:stream&gt;\t\n&#13;&amp;</a>",
  )
})

for (const [what, hostile] of [
  ['NUL', '\0'],
  ['a control character', '\u001B'],
  ['U+FFFE', '\uFFFE'],
  ['U+FFFF', '\uFFFF'],
  ['a lone surrogate', 'x\uDC00'],
] as const) {
  test(`${what} cannot be written`, () => {
    for (const carrier of [element('a', '', {}, [hostile]), element('a', '', { b: hostile }), element('a', hostile)]) {
      assert.throws(() => serialize(carrier), { name: 'XmlError', condition: 'not-well-formed' })
    }
  })
}

test('names and namespaces that XML does not know cannot be written', () => {
  const illegal = [
    element('a b', ''),
    element('', ''),
    element('x:a', ''),
    element('é', ''),
    element('a', 'u v'),
    element('a', '', { '{u}v}b': '' }),
    element('a', 'http://www.w3.org/2000/xmlns/'),
    element('a', '', { 'b="" c': '' }),
    element('a', '', { xmlns: 'u' }),
    element('a', '', { 'x:b': '' }),
    element('a', '', { '{}b': '' }),
    element('a', '', { '{u': '' }),
    element('a', '', { '{http://www.w3.org/XML/1998/namespace}lang': '' }),
  ]
  for (const carrier of illegal) {
    assert.throws(() => serialize(carrier), XmlError)
  }
})

test('elements nested beyond reason are a programming error, not a stack overflow', () => {
  let deep = element('a', '')
  for (let depth = 0; depth < 20_000; depth++) {
    deep = new Element('a', '', {}, [deep])
  }
  assert.throws(() => serialize(deep), { name: 'AssertionError' })
})
