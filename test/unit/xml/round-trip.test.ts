import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { Element, element, type XmlNode } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { XmlError } from '../../../src/xml/xml-error.ts'

const name = fc.constantFrom('a', 'body', '__proto__', 'x-y.z', '_1', 'toString')
const namespace = fc.constantFrom('', 'jabber:client', 'urn:a', 'urn:b?c=d&e', 'http://www.w3.org/XML/1998/namespace')
const legal = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u
const awkward = fc.constantFrom(
  ']]>',
  '<',
  '&',
  '"',
  "'",
  '\r\n',
  '\t',
  '&amp;',
  '<![CDATA[',
  '-->',
  '\u0085',
  '\u2028',
)
const text = fc
  .array(fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 4 })
  .map((parts) => parts.join(''))
  .filter((joined) => legal.test(joined))
const attributeName = fc.oneof(
  name,
  fc.constant('xml:lang'),
  fc.tuple(fc.constantFrom('urn:a', 'urn:b?c=d&e'), name).map(([uri, local]) => `{${uri}}${local}`),
)
const tree = fc.letrec<{ element: Element; node: XmlNode }>((tie) => ({
  element: fc
    .tuple(
      name,
      namespace,
      fc.array(fc.tuple(attributeName, text), { maxLength: 5 }),
      fc.array(tie('node'), { maxLength: 4, depthIdentifier: 'tree' }),
    )
    .map(([local, uri, pairs, children]) => {
      const attributes: Record<string, string> = Object.create(null)
      for (const [key, value] of pairs) {
        attributes[key] = value
      }
      return element(local, uri, attributes, children)
    }),
  node: fc.oneof({ maxDepth: 4, depthIdentifier: 'tree' }, text, tie('element')),
})).element

test('what is written is read back as an equal tree, whatever namespace is around it', () => {
  fc.assert(
    fc.property(tree, namespace, (original, parent) => {
      assert.deepEqual(parseElement(serialize(original)), original)
      const wrapped = element('w', parent === 'http://www.w3.org/XML/1998/namespace' ? '' : parent, {}, [original])
      assert.deepEqual(parseElement(serialize(wrapped)), wrapped)
    }),
    { numRuns: 1_000 },
  )
})

const SEEDS = [
  '<message xmlns="jabber:client" xml:lang="en" to="a@b/c"><body>x &amp; é</body><![CDATA[<]]><a:b xmlns:a="u" a:c="1"/></message>',
  '<!DOCTYPE a [<!ENTITY b "c">]><a><!-- c --><?p i?>&b;</a>',
  '<a b="&#x10FFFF;&#10;">\u{1F600}]]&gt;<b></b></a>',
]
const TOKENS = [
  '<',
  '>',
  '&',
  ';',
  '"',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '<!',
  'xmlns:',
  ':',
  '&#',
  '/',
  '\0',
  '<a>',
  '</a>',
  '&x;',
]

const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(8),
        fc.oneof(
          fc.constantFrom(...TOKENS).map((token) => new TextEncoder().encode(token)),
          fc.uint8Array({ maxLength: 3 }),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([seed, edits]) => {
    let bytes = [...new TextEncoder().encode(seed)]
    for (const [at, cut, insert] of edits) {
      const start = at % (bytes.length + 1)
      bytes = [...bytes.slice(0, start), ...insert, ...bytes.slice(start + cut)]
    }
    return Uint8Array.from(bytes)
  })

/** What saxes by itself makes of a frame, with namespaces on: the accept-set to compare with. */
function referenceAccepts(frame: Uint8Array): boolean {
  const parser = new SaxesParser({ xmlns: true })
  for (const event of ['error', 'comment', 'doctype', 'processinginstruction', 'xmldecl'] as const) {
    parser.on(event, () => {
      throw new Error(event)
    })
  }
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(frame)).close()
    return true
  } catch {
    return false
  }
}

test('mutated frames give an element or an XmlError, the same as a parser with namespaces and handlers for all', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutated, (frame) => {
      let parsed: Element | undefined
      try {
        parsed = parseElement(frame)
      } catch (error) {
        assert.ok(error instanceof XmlError, String(error))
        // Names that are not ASCII and namespaces that are no URIs: refused here alone.
        fc.pre(error.condition !== 'policy-violation')
      }
      assert.equal(parsed !== undefined, referenceAccepts(frame))
      if (parsed !== undefined) {
        accepted += 1
        assert.deepEqual(parseElement(serialize(parsed)), parsed)
      }
    }),
    { numRuns: 5_000 },
  )
  assert.ok(accepted > 50, `only ${accepted} mutants were well-formed`)
})

test('random bytes and random text never throw anything but XmlError', () => {
  const frame = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }))
  fc.assert(
    fc.property(frame, (input) => {
      try {
        assert.ok(parseElement(input) instanceof Element)
      } catch (error) {
        assert.ok(error instanceof XmlError, String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})
