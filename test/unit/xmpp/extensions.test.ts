import assert from 'node:assert/strict'
import { test } from 'node:test'
import { element } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { chatState, chatStateElement, isChatStateOnly } from '../../../src/xmpp/extensions/chat-state.ts'
import { delayElement, readDelays } from '../../../src/xmpp/extensions/delay.ts'
import { hasHint, hintElement } from '../../../src/xmpp/extensions/processing-hints.ts'
import {
  isStanzaIdBy,
  originId,
  originIdElement,
  stanzaIdBy,
  stanzaIdElement,
} from '../../../src/xmpp/extensions/stanza-id.ts'

const bare = element('message', 'jabber:client', { id: 'm1' })

test('a delay is written as XEP-0203 shows it', () => {
  const stampMs = Date.parse('2002-09-10T23:08:25Z')
  assert.equal(
    serialize(delayElement({ from: 'capulet.com', stampMs })),
    '<delay xmlns="urn:xmpp:delay" from="capulet.com" stamp="2002-09-10T23:08:25.000Z"/>',
  )
  assert.deepEqual(readDelays(bare.append(delayElement({ stampMs }))), [{ stampMs, from: undefined }])
})

test('delays without a legal stamp are passed over', () => {
  const stamps = ['1000000000000000', '', '2002-09-10T23:08:25Z', '-999999999-01-01T00:00:00Z']
  const children = stamps.map((stamp) => `<delay xmlns="urn:xmpp:delay" from="A@b" stamp="${stamp}"/>`)
  const delays = readDelays(parseElement(`<message>${children.join('')}</message>`))
  assert.deepEqual(delays, [{ stampMs: Date.parse('2002-09-10T23:08:25Z'), from: 'a@b' }])
})

test('a stanza id is read only by the name of who gave it', () => {
  const stamped = bare.append(
    originIdElement('o'),
    stanzaIdElement({ by: 'c@d', id: 'forged' }),
    stanzaIdElement({ by: 'A@b', id: 's' }),
  )
  assert.equal(originId(stamped), 'o')
  assert.equal(stanzaIdBy(stamped, 'a@b'), 's')
  assert.equal(stanzaIdBy(stamped, 'e@f'), undefined)
  assert.equal(
    stanzaIdBy(
      stamped.without((child) => isStanzaIdBy(child, 'c@d')),
      'c@d',
    ),
    undefined,
  )
})

test('hints are found in their own namespace only', () => {
  assert.ok(hasHint(bare.append(hintElement('no-copy')), 'no-copy'))
  assert.ok(!hasHint(bare.append(element('store', 'jabber:client')), 'store'))
})

test('a chat state stands alone or goes with a message', () => {
  const composing = bare.append(chatStateElement('composing'))
  assert.equal(chatState(composing), 'composing')
  assert.equal(chatState(bare.append(element('toString', 'http://jabber.org/protocol/chatstates'))), undefined)
  assert.ok(isChatStateOnly(composing))
  assert.ok(isChatStateOnly(composing.append(element('thread', 'jabber:client', {}, ['t']), hintElement('no-store'))))
  assert.ok(!isChatStateOnly(composing.append(element('body', 'jabber:client', {}, ['x']))))
  assert.ok(!isChatStateOnly(bare))
})
