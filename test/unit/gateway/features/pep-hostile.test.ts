import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { type Element, element } from '../../../../src/xml/element.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import type { FakeSession } from '../../../support/feature-world.ts'
import { PersonalWorld, ROMEO } from '../../../support/personal-world.ts'

const NAMESPACES = [
  'http://jabber.org/protocol/pubsub',
  'http://jabber.org/protocol/pubsub#owner',
  'vcard-temp',
  'jabber:iq:private',
  'jabber:x:data',
  'http://jabber.org/protocol/rsm',
  'storage:bookmarks',
  'urn:xmpp:bookmarks:1',
  'urn:xmpp:avatar:metadata',
  'urn:xmpp:avatar:data',
] as const

const NAMES = [
  ...['pubsub', 'publish', 'publish-options', 'items', 'item', 'retract', 'create', 'configure', 'delete', 'purge'],
  ...['x', 'field', 'value', 'set', 'max', 'after', 'before', 'storage', 'conference', 'nick', 'query'],
  ...['vCard', 'PHOTO', 'BINVAL', 'TYPE', 'metadata', 'info', 'data', 'default', 'affiliations', 'subscriptions'],
] as const

const VALUES = [
  ...['', 'a', 'submit', '-1', '99999999999999', 'max', 'open', 'whitelist', 'urn:xmpp:bookmarks:1', 'AAAA'],
  ...['storage:bookmarks', 'urn:xmpp:avatar:metadata', 'urn:xmpp:avatar:data', 'FORM_TYPE', 'pubsub#access_model'],
  ...['http://jabber.org/protocol/pubsub#publish-options', 'http://jabber.org/protocol/pubsub#node_config'],
  ...['__proto__', 'constructor', '@', 'room@rooms.example', '😀'],
] as const

const value = fc.constantFrom(...VALUES)
const attributes = fc.dictionary(
  fc.constantFrom('node', 'id', 'var', 'type', 'jid', 'notify', 'max_items', 'url'),
  value,
)

const { tree } = fc.letrec<{ tree: Element; children: (Element | string)[] }>((tie) => ({
  tree: fc
    .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMESPACES), attributes, tie('children'))
    .map(([name, namespace, own, children]) => element(name, namespace, own, children)),
  children: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<(Element | string)[]>([]),
    fc.array(fc.oneof<fc.Arbitrary<Element | string>[]>(value, tie('tree')), { maxLength: 4 }),
  ),
}))

/** A request that is nearly right. */
const request = fc
  .tuple(
    fc.constantFrom('publish', 'retract', 'items', 'create', 'configure', 'delete', 'purge'),
    fc.constantFrom(...NAMESPACES.slice(0, 2)),
    attributes,
    fc.array(tree, { maxLength: 3 }),
    fc.option(tree, { nil: undefined }),
  )
  .map(([name, namespace, own, children, payload]) => {
    const item = payload === undefined ? [] : [element('item', namespace, own, [payload])]
    return element('pubsub', namespace, undefined, [element(name, namespace, own, [...item, ...children])])
  })

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony', ['storage:bookmarks', 'urn:xmpp:bookmarks:1'])
})

afterEach(() => world.stop())

test('whatever own clients and others ask of nodes, vCard and private storage, the answer is a result or an error', async () => {
  const payload = fc.oneof(request, tree)
  await fc.assert(
    fc.asyncProperty(payload, fc.boolean(), fc.boolean(), async (asked, isOwner, isSet) => {
      const xml = `<iq type='${isSet ? 'set' : 'get'}'>${serialize(asked)}</iq>`
      // Rejects with anything that is no StanzaError.
      await world.ask(isOwner ? juliet : `${ROMEO}/x`, xml)
      world.personal.outgoingPresence(world.presence([]))
    }),
    { numRuns: 1_000 },
  )
})
