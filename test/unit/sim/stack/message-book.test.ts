import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryChecker } from '../../../../sim/stack/checkers/delivery-checker.ts'
import { MessageBook } from '../../../../sim/stack/message-book.ts'
import { ViolationLog } from '../../../../sim/stack/violation-log.ts'
import type { ArchivedMessage } from '../../../../src/node/api.ts'

const book = (): { book: MessageBook; checker: DeliveryChecker; log: ViolationLog } => {
  const messages = new MessageBook()
  const log = new ViolationLog(() => 5)
  return { book: messages, log, checker: new DeliveryChecker(messages, log) }
}

const incoming = (body: string): ArchivedMessage => ({ body, direction: 'in' }) as ArchivedMessage

const found = (log: ViolationLog): string[] => log.kept.map(({ checker }) => checker)

test('a message has its number and as many bytes as asked for, and counts as sent when it was acknowledged', () => {
  const { book: messages } = book()
  const message = messages.write({ from: 0, to: 1, bytes: 200, sentMs: 10 })
  assert.equal(message.body.length, 200)
  assert.equal(messages.find(message.body), message)
  assert.equal(messages.pending, 0)
  assert.deepEqual(messages.rows(), [])
  messages.accepted(message, 'a')
  messages.stored('a', 20)
  assert.equal(messages.pending, 1)
  messages.delivered(message, 'letter', 30.4)
  assert.equal(messages.pending, 0)
  assert.deepEqual(messages.rows(), [
    { id: 0, from: 0, to: 1, sent_ms: 10, stored_ms: 20, delivered_ms: 30, way: 'letter', state: 'delivered' },
  ])
})

test('what comes twice, altered, to somebody else or out of nothing is a violation, what overtakes is counted', () => {
  const { book: messages, checker, log } = book()
  const [first, second] = [1, 2].map((sentMs) => messages.write({ from: 0, to: 1, bytes: 80, sentMs }))
  assert.ok(first !== undefined && second !== undefined)
  for (const message of [second, first]) {
    assert.equal(checker.received(1, incoming(message.body)), message)
    messages.delivered(message, 'direct', 9)
  }
  assert.equal(checker.outOfOrder, 1)
  assert.deepEqual(found(log), [])
  checker.received(1, incoming(first.body))
  checker.received(1, incoming(first.body.replace('Kabber', 'Xabber')))
  checker.received(2, incoming(second.body))
  checker.received(1, incoming('#77: who?'))
  assert.deepEqual(found(log), ['delivered-once', 'unaltered', 'unaltered', 'unaltered'])
  assert.equal(checker.twice, 1)
})

test('what was acknowledged and is not on disk after a crash is a violation, and so is what has not come at the end', () => {
  const { book: messages, checker, log } = book()
  const message = messages.write({ from: 0, to: 1, bytes: 80, sentMs: 1 })
  checker.returned(0, [])
  assert.deepEqual(found(log), [])
  messages.accepted(message, 'a')
  checker.returned(0, [])
  checker.ended()
  assert.deepEqual(found(log), ['nothing-lost', 'all-arrive'])
  messages.excuse(message)
  checker.returned(0, [])
  checker.ended()
  assert.equal(log.count, 2)
})

test('a message that was on disk when a node died, but nobody was told of, counts as delivered', () => {
  const { book: messages, checker } = book()
  const message = messages.write({ from: 0, to: 1, bytes: 80, sentMs: 1 })
  assert.deepEqual(checker.returned(1, [incoming(message.body)]), [message])
})
