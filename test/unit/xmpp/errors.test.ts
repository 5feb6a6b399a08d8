import assert from 'node:assert/strict'
import { test } from 'node:test'
import { element } from '../../../src/xml/element.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import {
  errorReply,
  STANZA_ERROR_CONDITIONS,
  StanzaError,
  type StanzaErrorCondition,
} from '../../../src/xmpp/stanza-error.ts'
import { STREAM_ERROR_CONDITIONS, StreamError } from '../../../src/xmpp/stream-error.ts'

test('there are the 22 stanza error conditions, each of which survives being written and read', () => {
  const conditions = Object.keys(STANZA_ERROR_CONDITIONS) as StanzaErrorCondition[]
  assert.equal(conditions.length, 22)
  for (const condition of conditions) {
    const error = new StanzaError(condition, 'Because.')
    const read = StanzaError.fromElement(parseElement(serialize(error.toElement())))
    assert.deepEqual(
      [read.condition, read.type, read.text],
      [condition, STANZA_ERROR_CONDITIONS[condition], 'Because.'],
    )
  }
})

test('an error of a peer is read for what it says, and nothing else', () => {
  const read = (xml: string) => StanzaError.fromElement(parseElement(xml))
  const conditions = 'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"'
  assert.equal(read(`<error type="wait"><conflict ${conditions}/></error>`).type, 'wait')
  assert.equal(read('<error/>').condition, 'undefined-condition')
  assert.equal(read(`<error type="bogus"><toString ${conditions}/></error>`).condition, 'undefined-condition')
  assert.equal(read(`<error type="bogus"><conflict ${conditions}/></error>`).type, 'cancel')
})

test('the condition of an extension stands after those of RFC 6120', () => {
  const detail = element('blocked', 'urn:xmpp:blocking:errors')
  assert.equal(
    serialize(new StanzaError('not-acceptable', 'No.', { type: 'cancel', detail }).toElement()),
    '<error xmlns="jabber:client" type="cancel"><not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>' +
      '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">No.</text><blocked xmlns="urn:xmpp:blocking:errors"/></error>',
  )
})

test('an error goes back to its cause with the same id', () => {
  const message = element('message', 'jabber:client', { from: 'a@b', to: 'c@d', id: '1', type: 'chat' })
  const error = new StanzaError('service-unavailable')
  assert.deepEqual(
    errorReply(message, error),
    element('message', 'jabber:client', { from: 'c@d', to: 'a@b', id: '1', type: 'error' }, [error.toElement()]),
  )
})

test('neither an error nor the result of an iq is answered', () => {
  const error = new StanzaError('service-unavailable')
  assert.equal(errorReply(element('message', 'jabber:client', { type: 'error' }), error), undefined)
  assert.equal(errorReply(element('iq', 'jabber:client', { type: 'error' }), error), undefined)
  assert.equal(errorReply(element('iq', 'jabber:client', { type: 'result' }), error), undefined)
})

test('there are the 25 stream error conditions', () => {
  assert.equal(new Set(STREAM_ERROR_CONDITIONS).size, 25)
  const written = serialize(new StreamError('restricted-xml', 'No comments.').toElement())
  assert.equal(
    written,
    '<error xmlns="http://etherx.jabber.org/streams"><restricted-xml xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>' +
      '<text xmlns="urn:ietf:params:xml:ns:xmpp-streams" xml:lang="en">No comments.</text></error>',
  )
})
