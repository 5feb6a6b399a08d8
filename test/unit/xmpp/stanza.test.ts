import assert from 'node:assert/strict'
import { test } from 'node:test'
import { element } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { checkStanza, iqType, messageType, presenceType, replyTo, stanzaKind } from '../../../src/xmpp/stanza.ts'

const parse = (xml: string) => parseElement(xml.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'))

for (const xml of [
  '<message/>',
  '<message type="strange" id="1" to="a@b/c" from="d@e"><body/></message>',
  '<presence/>',
  '<presence type="probe"/>',
  '<iq type="get" id="1"><query xmlns="x"/></iq>',
  '<iq type="set" id="1">\n<query xmlns="x"/>\n</iq>',
  '<iq type="result" id="1"/>',
  '<iq type="result" id="1"><query xmlns="x"/></iq>',
  '<iq type="error" id="1"><query xmlns="x"/><error type="cancel"/></iq>',
]) {
  test(`${xml} is a legal stanza`, () => checkStanza(parse(xml)))
}

for (const [xml, condition] of [
  ['<body/>', 'bad-request'],
  ['<message id=""/>', 'bad-request'],
  ['<message to=""/>', 'jid-malformed'],
  ['<message to="a b@c"/>', 'jid-malformed'],
  ['<message from="@"/>', 'jid-malformed'],
  [`<message to="${'a'.repeat(1_024)}@b"/>`, 'jid-malformed'],
  ['<presence type="available"/>', 'bad-request'],
  ['<presence type="toString"/>', 'bad-request'],
  ['<iq id="1"><query xmlns="x"/></iq>', 'bad-request'],
  ['<iq type="subscribe" id="1"><query xmlns="x"/></iq>', 'bad-request'],
  ['<iq type="get"><query xmlns="x"/></iq>', 'bad-request'],
  ['<iq type="get" id=""><query xmlns="x"/></iq>', 'bad-request'],
  ['<iq type="get" id="1"/>', 'bad-request'],
  ['<iq type="set" id="1"><a xmlns="x"/><b xmlns="x"/></iq>', 'bad-request'],
  ['<iq type="result" id="1"><a xmlns="x"/><b xmlns="x"/></iq>', 'bad-request'],
] as const) {
  test(`${xml.slice(0, 70)} is refused with ${condition} (X17)`, () => {
    assert.throws(() => checkStanza(parse(xml)), { name: 'StanzaError', condition })
  })
}

test('an element in another namespace is no stanza', () => {
  assert.equal(stanzaKind(element('message', 'jabber:server')), undefined)
  assert.throws(() => checkStanza(element('message', 'jabber:server')), { condition: 'bad-request' })
})

test('types are read with their defaults', () => {
  assert.equal(messageType(parse('<message/>')), 'normal')
  assert.equal(messageType(parse('<message type="strange"/>')), 'normal')
  assert.equal(messageType(parse('<message type="chat"/>')), 'chat')
  assert.equal(presenceType(parse('<presence/>')), 'available')
  assert.equal(presenceType(parse('<presence type="strange"/>')), undefined)
  assert.equal(iqType(parse('<iq/>')), undefined)
})

test('a reply goes back with the same id', () => {
  const payload = element('query', 'x')
  const reply = replyTo(parse('<iq type="get" id="1" from="a@b/c" to="d@e"><query xmlns="x"/></iq>'), payload)
  const addresses = { from: 'd@e', to: 'a@b/c', id: '1', type: 'result' }
  assert.deepEqual(reply, element('iq', 'jabber:client', addresses, [payload]))
  assert.deepEqual({ ...replyTo(parse('<iq type="set" id="1"/>')).attributes }, { id: '1', type: 'result' })
})
