import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Jid } from '../../../src/xmpp/jid.ts'

const XID = `00${'0a'.repeat(32)}@id.internal`

for (const [text, prepared] of [
  ['juliet@example.com', 'juliet@example.com'],
  ['Juliet@EXAMPLE.com', 'juliet@example.com'],
  ['juliet@example.com/foo', 'juliet@example.com/foo'],
  ['juliet@example.com/foo bar', 'juliet@example.com/foo bar'],
  ['juliet@example.com/foo@bar', 'juliet@example.com/foo@bar'],
  ['example.com', 'example.com'],
  ['example.com.', 'example.com'],
  ['example.com/a/b', 'example.com/a/b'],
  ['foo\\20bar@example.com', 'foo\\20bar@example.com'],
  ['fußball@example.com', 'fußball@example.com'],
  ['π@example.com', 'π@example.com'],
  ['Σ@example.com/foo', 'σ@example.com/foo'],
  ['ＡＢ１@example.com', 'ab1@example.com'],
  ['e\u0301@example.com', '\u00e9@example.com'],
  ['a@BÜCHER.example', 'a@bücher.example'],
  ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ['a@例え。テスト', 'a@例え.テスト'],
  ['a@127.0.0.1', 'a@127.0.0.1'],
  ['a@[::1]', 'a@[::1]'],
  ['a@localhost/\u00a0x', 'a@localhost/ x'],
  ['a@b/♚', 'a@b/♚'],
  ['a@b/e\u0301', 'a@b/\u00e9'],
  [`${XID.toUpperCase()}/Desk`, `${XID}/Desk`],
  [`${'a'.repeat(1_023)}@b/${'c'.repeat(1_023)}`, `${'a'.repeat(1_023)}@b/${'c'.repeat(1_023)}`],
] as const) {
  test(`${text.slice(0, 60)} is an address`, () => {
    const jid = Jid.parse(text)
    assert.equal(jid.toString(), prepared)
    assert.ok(Jid.parse(prepared).equals(jid))
  })
}

for (const text of [
  '',
  '@',
  '/',
  '@/',
  '@example.com',
  'juliet@',
  'juliet@/foo',
  'juliet@example.com/',
  'a@b@c',
  '"juliet"@example.com',
  'foo bar@example.com',
  'foo&bar@example.com',
  "foo'bar@example.com",
  'foo:bar@example.com',
  '<foo>@example.com',
  'foo\u00a0bar@example.com',
  'foo\tbar@example.com',
  'foo\u0000@example.com',
  'foo\u200dbar@example.com',
  'foo＠bar@example.com',
  'henryⅣ@example.com',
  '♚@example.com',
  'ﬁ@example.com',
  'a@exa mple.com',
  'a@example..com',
  'a@.',
  'a@..',
  'a@-example.com',
  'a@exam:ple',
  'a@[::1',
  `a@${'b'.repeat(64)}.com`,
  'a@b/\u0007',
  'a@b/\u2028',
  'a@b/\uFFFE',
  'a@b/\uD800',
  `${'a'.repeat(1_024)}@b`,
  `${'é'.repeat(512)}@b`,
  `a@${'b.'.repeat(512)}bb`,
  `a@b/${'c'.repeat(1_024)}`,
  `a@b/${'é'.repeat(512)}`,
  'x'.repeat(1_000_000),
]) {
  test(`${JSON.stringify(text.slice(0, 40))} is no address`, () => {
    assert.equal(Jid.tryParse(text), undefined)
    assert.throws(() => Jid.parse(text), { name: 'StanzaError', condition: 'jid-malformed', type: 'modify' })
  })
}

test('an address that was prepared once stays as it is', () => {
  const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('a', 'İ', 'ΑΣ', 'ǅ', 'ẞ', 'K'))
  fc.assert(
    fc.property(part, part, part, (local, domain, resource) => {
      const jid = Jid.tryParse(`${local}@${domain}/${resource}`)
      if (jid !== undefined) {
        assert.equal(Jid.parse(jid.toString()).toString(), jid.toString())
      }
    }),
    { numRuns: 5_000 },
  )
})

test('the parts of an address can be taken and given', () => {
  const full = Jid.parse('a@b/c')
  assert.deepEqual([full.local, full.domain, full.resource, full.isBare], ['a', 'b', 'c', false])
  assert.equal(full.bare().toString(), 'a@b')
  assert.ok(full.bare().isBare)
  assert.equal(full.withResource('d').toString(), 'a@b/d')
  assert.ok(!full.equals(full.bare()))
  for (const resource of ['', 'x'.repeat(1_024), '\0', '\uD800']) {
    assert.throws(() => full.withResource(resource), { condition: 'jid-malformed' })
  }
})
