import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accountFeatures } from '../../../../src/gateway/account-features.ts'
import type { Feature } from '../../../../src/gateway/features/feature.ts'
import { type Element, element } from '../../../../src/xml/element.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { dataForm } from '../../../../src/xmpp/data-form.ts'
import { NS_RESULT_SET } from '../../../../src/xmpp/namespaces.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'
import { MemoryFileStore } from '../../../support/memory-file-store.ts'

const NS_ARCHIVE = 'urn:xmpp:mam:2'
const NS_UPLOAD = 'urn:xmpp:http:upload:0'
const TARGETS = { account: '', server: `to='id.internal'`, upload: `to='upload.id.internal'` }

const NAMES = [
  'query',
  'prefs',
  'metadata',
  'block',
  'unblock',
  'blocklist',
  'request',
  'ping',
  'time',
  'services',
  'pubsub',
  'vCard',
  'x',
  'set',
  'field',
  'value',
  'item',
  'items',
  'publish',
  'max',
  'after',
  'before',
  'flip-page',
  'message',
  'jid',
  'never',
  'storage',
]
const ATTRIBUTES = [
  'node',
  'var',
  'type',
  'jid',
  'id',
  'queryid',
  'filename',
  'size',
  'content-type',
  'default',
  'max_items',
  'subid',
  'to',
]
const FORM_NAMES = ['with', 'start', 'end', 'before-id', 'after-id', 'ids']

/** Values that broke servers and clients before (security X17), and names that mean something. */
const texts = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    '9'.repeat(300),
    '1.5',
    'NaN',
    'true',
    '@',
    '/',
    'a@b/c',
    'a'.repeat(1_024),
    `${'a'.repeat(1_023)}@b`,
  ),
  fc.constantFrom(
    '275760-09-13T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    '0000-00-00T00:00:00Z',
    '2026-01-01T24:00:00+99:99',
    '__proto__',
    'constructor',
    'submit',
    'form',
    'urn:xmpp:mam:2',
    'always',
    '../..',
    '\u202e',
    '\u0000a'.slice(1),
  ),
  fc.constantFrom(...FORM_NAMES),
  fc.string({ maxLength: 20 }).filter((text) => /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd]*$/.test(text)),
)

/** A query of the archive, well-formed up to its values. */
const archiveQueries = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...FORM_NAMES), fc.array(texts, { maxLength: 3 }), { maxKeys: 4 }),
    texts,
    texts,
    texts,
  )
  .map(([values, max, after, before]) => {
    const form = dataForm(
      'submit',
      NS_ARCHIVE,
      Object.entries(values).map(([name, list]) => ({ name, values: list })),
    )
    const parts = Object.entries({ max, after, before }).map(([name, text]) => element(name, NS_RESULT_SET, {}, [text]))
    return element('query', NS_ARCHIVE, {}, [form, element('set', NS_RESULT_SET, {}, parts)])
  })

/** A request for a slot, well-formed up to its values. */
const slotRequests = fc
  .tuple(texts, texts, texts)
  .map(([filename, size, type]) => element('request', NS_UPLOAD, { filename, size, 'content-type': type }))

function anyElement(namespaces: readonly string[]): fc.Arbitrary<Element> {
  const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
    tree: fc
      .tuple(
        fc.constantFrom(...NAMES),
        fc.constantFrom(...namespaces, 'jabber:x:data', 'http://jabber.org/protocol/rsm'),
        fc.dictionary(fc.constantFrom(...ATTRIBUTES), texts, { maxKeys: 4 }),
        fc.array(fc.oneof({ maxDepth: 4, withCrossShrink: true }, texts, tie('tree')), { maxLength: 4 }),
      )
      .map(([name, namespace, attributes, children]) => element(name, namespace, attributes, children)),
  }))
  return tree
}

function payloadsOf(features: readonly Feature[], target: keyof typeof TARGETS): string[] {
  return [...new Set(features.flatMap((feature) => feature.payloads[target] ?? []))]
}

/** Payloads for one address: anything at all in the namespaces it answers, or what is meant for it with odd values. */
function payloads(features: readonly Feature[], target: keyof typeof TARGETS): fc.Arbitrary<[Element, string]> {
  const namespaces = payloadsOf(features, target)
  const anything = fc
    .constantFrom(...namespaces)
    .chain((namespace) =>
      anyElement([namespace]).map((tree) => element(tree.name, namespace, tree.attributes, tree.children)),
    )
  const meant = { account: archiveQueries, server: anything, upload: slotRequests }
  const types = { account: 'set', server: 'get', upload: 'get' }
  return fc.oneof(
    fc.tuple(anything, fc.constantFrom('get', 'set')),
    fc.tuple(meant[target], fc.constant(types[target])),
  )
}

for (const target of ['account', 'server', 'upload'] as const) {
  test(`whatever is asked of the ${target}, the answer is a result or a stanza error`, async () => {
    const world = new FeatureWorld()
    const features = world.make(accountFeatures, { files: new MemoryFileStore() })
    const balcony = world.bind('balcony')
    await fc.assert(
      fc.asyncProperty(payloads(features, target), fc.nat(4), async ([payload, type], dice) => {
        const xml = `<iq type='${type}' ${TARGETS[target]}>${serialize(payload)}</iq>`
        const answer = await world.ask(dice > 0 ? balcony : 'romeo@montague.net/orchard', xml)
        assert.match(answer, /^<iq type="(result|error)"/)
        balcony.port.takeStanzas()
      }),
      { numRuns: 1_000 },
    )
    await world.stop()
  })
}
