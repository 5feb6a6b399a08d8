import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '../../../src/xml/parser.ts'
import { isArchivable, isStorable } from '../../../src/xmpp/storable.ts'

const BODY = '<body>hi</body>'
const ACTIVE = '<active xmlns="http://jabber.org/protocol/chatstates"/>'
const hint = (name: string): string => `<${name} xmlns="urn:xmpp:hints"/>`
const message = (type: string, inner: string) =>
  parseElement(`<message xmlns="jabber:client" type="${type}">${inner}</message>`)

const ROWS: readonly [what: string, type: string, inner: string, stored: boolean][] = [
  ['a chat message', 'chat', BODY, true],
  ['a normal message', 'normal', BODY, true],
  ['a message of unknown type', 'strange', BODY, true],
  ['a message with body and chat state', 'chat', BODY + ACTIVE, true],
  ['an error', 'error', BODY, false],
  ['an error with a store hint', 'error', BODY + hint('store'), false],
  ['a groupchat message', 'groupchat', BODY, false],
  ['a headline', 'headline', BODY, false],
  ['a headline with a store hint', 'headline', BODY + hint('store'), true],
  ['no-store', 'chat', BODY + hint('no-store'), false],
  ['no-store together with store', 'chat', BODY + hint('no-store') + hint('store'), false],
  ['no-permanent-store', 'chat', BODY + hint('no-permanent-store'), true],
  ['no-copy', 'chat', BODY + hint('no-copy'), true],
  ['a chat state alone', 'chat', ACTIVE, false],
  ['a chat state with its thread', 'chat', `<thread>t</thread>${ACTIVE}`, false],
  ['a chat state with ids', 'chat', `${ACTIVE}<origin-id xmlns="urn:xmpp:sid:0" id="1"/>`, false],
  ['a chat state that asks for a receipt', 'chat', `${ACTIVE}<request xmlns="urn:xmpp:receipts"/>`, false],
  ['a chat state with a store hint', 'chat', ACTIVE + hint('store'), true],
  ['nothing', 'chat', '', false],
  ['a receipt', 'normal', '<received xmlns="urn:xmpp:receipts" id="1"/>', true],
  ['a chat marker', 'chat', '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>', true],
  ['an encrypted payload', 'chat', '<encrypted xmlns="eu.siacs.conversations.axolotl"/>', true],
  ['a call', 'chat', '<propose xmlns="urn:xmpp:jingle-message:0" id="1"/>', true],
  ['a reaction', 'chat', '<reactions xmlns="urn:xmpp:reactions:0" id="1"/>', true],
  ['a payload from the future', 'normal', '<x xmlns="urn:example:future"/>', true],
]

for (const [what, type, inner, stored] of ROWS) {
  test(`${what} is ${stored ? '' : 'not '}kept for an absent recipient`, () => {
    assert.equal(isStorable(message(type, inner)), stored)
  })
}

test('no-permanent-store keeps a message out of the archive only', () => {
  assert.equal(isArchivable(message('chat', BODY)), true)
  assert.equal(isArchivable(message('chat', BODY + hint('no-permanent-store'))), false)
  assert.equal(isArchivable(message('chat', BODY + hint('no-store'))), false)
})
