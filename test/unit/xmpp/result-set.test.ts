import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { readResultSetRequest, resultSetElement } from '../../../src/xmpp/result-set.ts'

function read(inner: string): ReturnType<typeof readResultSetRequest> {
  return readResultSetRequest(parseElement(`<query xmlns='urn:x'>${inner}</query>`))
}

function set(inner: string): string {
  return `<set xmlns='http://jabber.org/protocol/rsm'>${inner}</set>`
}

test('a query without a set asks for the first page of any size', () => {
  assert.deepEqual(read(''), { max: undefined, after: undefined, before: undefined })
})

test('size, after and before are read; an empty before is there', () => {
  assert.deepEqual(read(set('<max> 10 </max><after>a</after>')), { max: 10, after: 'a', before: undefined })
  assert.deepEqual(read(set('<max>0</max><before/>')), { max: 0, after: undefined, before: '' })
})

test('a size that is no number and a page by index are refused', () => {
  for (const max of ['', '-1', '1.5', 'ten', '1'.repeat(10)]) {
    assert.throws(() => read(set(`<max>${max}</max>`)), { condition: 'bad-request' }, max)
  }
  assert.throws(() => read(set('<index>3</index>')), { condition: 'feature-not-implemented' })
})

test('a page names its first and last item and the count, if there are any', () => {
  const empty = serialize(resultSetElement({ first: undefined, last: undefined }))
  assert.equal(empty, '<set xmlns="http://jabber.org/protocol/rsm"/>')
  const page = serialize(resultSetElement({ first: 'a', last: 'b', count: 8 }))
  assert.equal(page, '<set xmlns="http://jabber.org/protocol/rsm"><first>a</first><last>b</last><count>8</count></set>')
})
