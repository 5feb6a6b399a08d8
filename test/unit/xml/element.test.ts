import assert from 'node:assert/strict'
import { test } from 'node:test'
import { element } from '../../../src/xml/element.ts'

const body = element('body', 'jabber:client', {}, ['hi'])
const delay = element('delay', 'urn:xmpp:delay')
const message = element('message', 'jabber:client', { id: '1', to: undefined }, ['a', body, '', 'b', delay, 'c', 'd'])

test('an element has neither empty nor adjacent strings nor undefined attributes', () => {
  assert.deepEqual(message.children, ['a', body, 'b', delay, 'cd'])
  assert.deepEqual(Object.keys(message.attributes), ['id'])
  assert.equal(message.text(), 'abcd')
})

test('children are found by name and namespace, by default in the namespace of the parent', () => {
  assert.equal(message.child('body'), body)
  assert.equal(message.child('delay'), undefined)
  assert.equal(message.child('delay', 'urn:xmpp:delay'), delay)
  assert.deepEqual(message.elements(), [body, delay])
  assert.deepEqual(message.elements('body'), [body])
  assert.deepEqual(message.elements(undefined, 'urn:xmpp:delay'), [delay])
})

test('changes give another element and leave the old one as it was', () => {
  const changed = message.withAttributes({ id: undefined, from: 'x', __proto__: undefined })
  assert.deepEqual(Object.keys(changed.attributes), ['from'])
  assert.equal(changed.attribute('__proto__'), undefined)
  assert.equal(changed.attribute('toString'), undefined)
  assert.deepEqual(message.without((child) => child === body).children, ['ab', delay, 'cd'])
  assert.deepEqual(message.append('e', delay).children.slice(-2), ['cde', delay])
  assert.deepEqual(message.withChildren([body]).children, [body])
  assert.deepEqual(message.children.length, 5)
  assert.equal(message.attribute('id'), '1')
})
