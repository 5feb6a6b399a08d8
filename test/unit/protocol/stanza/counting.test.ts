import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Liveness } from '../../../../src/protocol/stanza/liveness.ts'
import { type Receipt, ReceivedStanzas } from '../../../../src/protocol/stanza/received-stanzas.ts'
import { UnacknowledgedStanzas } from '../../../../src/protocol/stanza/unacknowledged-stanzas.ts'

interface Item {
  readonly id: number
  readonly size: number
}

function items(count: number, size = 1): Item[] {
  return Array.from({ length: count }, (_, id) => ({ id, size }))
}

function filled(count: number, first = 0): UnacknowledgedStanzas<Item> {
  const unacknowledged = new UnacknowledgedStanzas<Item>(first)
  for (const item of items(count)) {
    unacknowledged.add(item)
    unacknowledged.next()
  }
  return unacknowledged
}

describe('what was sent', () => {
  test('is taken out up to h', () => {
    const unacknowledged = filled(5)
    assert.deepEqual(
      unacknowledged.acknowledge(2).map(({ id }) => id),
      [0, 1],
    )
    assert.deepEqual(unacknowledged.acknowledge(2), [])
    assert.deepEqual(
      unacknowledged.resend().map(({ id }) => id),
      [2, 3, 4],
    )
  })

  test('may be counted beyond 2^32', () => {
    const unacknowledged = filled(5, 2 ** 32 - 2)
    assert.deepEqual(
      unacknowledged.acknowledge(2 ** 32 - 1).map(({ id }) => id),
      [0],
    )
    assert.deepEqual(
      unacknowledged.acknowledge(0).map(({ id }) => id),
      [1],
    )
    assert.deepEqual(
      unacknowledged.acknowledge(3).map(({ id }) => id),
      [2, 3, 4],
    )
    assert.throws(() => unacknowledged.acknowledge(4), { text: 'handled-count-too-high' })
  })

  test('cannot be acknowledged before it was sent, nor taken back', () => {
    const unacknowledged = filled(2)
    assert.throws(() => unacknowledged.acknowledge(3), { condition: 'undefined-condition' })
    unacknowledged.acknowledge(2)
    assert.throws(() => unacknowledged.acknowledge(1), { condition: 'undefined-condition' })
  })

  test('is bounded by number and by bytes', () => {
    assert.equal(filled(999).accepts(1), true)
    assert.equal(filled(1000).accepts(1), false)
    const unacknowledged = new UnacknowledgedStanzas<Item>()
    unacknowledged.add({ id: 0, size: 4_194_300 })
    assert.equal(unacknowledged.accepts(4), true)
    assert.equal(unacknowledged.accepts(5), false)
  })

  test('is at most half a queue under way, whatever waits', () => {
    const unacknowledged = new UnacknowledgedStanzas<Item>()
    for (const item of items(16, 200_000)) {
      unacknowledged.add(item)
    }
    let bytes = 0
    for (let item = unacknowledged.next(); item !== undefined; item = unacknowledged.next()) {
      bytes += item.size
    }
    assert.equal(bytes, 600_000)
    unacknowledged.acknowledge(1)
    assert.equal(unacknowledged.next()?.id, 3)
    assert.equal(unacknowledged.next(), undefined)
  })
})

describe('what was received', () => {
  test('is counted when all before it are handled', () => {
    const received = new ReceivedStanzas()
    const [one, two, three] = [received.receive(1), received.receive(1), received.receive(1)] as Receipt[]
    assert.equal(received.handled(two!), false)
    assert.equal(received.h, 0)
    assert.equal(received.handled(one!), true)
    assert.equal(received.h, 2)
    received.handled(three!)
    assert.equal(received.h, 3)
  })

  test('wraps at 2^32', () => {
    const received = new ReceivedStanzas(2 ** 32 - 1)
    assert.equal(received.h, 2 ** 32 - 1)
    received.handled(received.receive(1)!)
    assert.equal(received.h, 0)
  })

  test('is full at 512 stanzas or a mebibyte', () => {
    const many = new ReceivedStanzas()
    for (let i = 0; i < 511; i++) {
      many.receive(1)
    }
    assert.equal(many.isFull, false)
    const last = many.receive(1)
    assert.equal(many.isFull, true)
    many.handled(last!)
    assert.equal(many.isFull, true, 'done out of order, it still takes a place')
    const large = new ReceivedStanzas()
    large.receive(1_048_575)
    assert.equal(large.isFull, false)
    const receipt = large.receive(1)
    assert.equal(large.isFull, true)
    assert.ok(receipt)
  })

  test('is handled once, however often and from wherever it is sent again', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('receive' as const) },
      { weight: 4, arbitrary: fc.nat({ max: 5 }) },
      { weight: 1, arbitrary: fc.constant('break' as const) },
      { weight: 1, arbitrary: fc.constant('fail' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const received = new ReceivedStanzas(2 ** 32 - 5)
        const pending: { number: number; receipt: Receipt }[] = []
        const handled: number[] = []
        const failed = new Set<number>()
        let next = 0
        for (const one of steps) {
          if (one === 'receive') {
            const number = next
            next += 1
            const receipt = received.receive(1)
            const busy = handled.includes(number) || pending.some((entry) => entry.number === number)
            assert.equal(receipt === undefined, busy)
            if (receipt !== undefined) {
              failed.delete(number)
              pending.push({ number, receipt })
            }
          } else if (one === 'break') {
            received.rewind()
            next = (received.h + 5) % 2 ** 32
          } else if (one === 'fail') {
            const entry = pending.shift()
            if (entry !== undefined) {
              entry.receipt.state = 'failed'
              failed.add(entry.number)
            }
          } else {
            const [entry] = pending.splice(one, 1)
            if (entry !== undefined) {
              received.handled(entry.receipt)
              handled.push(entry.number)
            }
          }
          let prefix = 0
          while (handled.includes(prefix)) {
            prefix += 1
          }
          assert.equal((received.h + 5) % 2 ** 32, prefix)
        }
      }),
    )
  })
})

describe('liveness', () => {
  test('asks once after 10 s of silence and gives up after 15 s', () => {
    const liveness = new Liveness(1000)
    assert.equal(liveness.check(10_999), 'alive')
    assert.equal(liveness.deadlineMs(), 11_000)
    assert.equal(liveness.check(11_000), 'request')
    assert.equal(liveness.check(11_001), 'alive')
    assert.equal(liveness.deadlineMs(), 16_000)
    assert.equal(liveness.check(16_000), 'silent')
  })

  test('anything heard starts it anew', () => {
    const liveness = new Liveness(0)
    liveness.check(10_000)
    liveness.heard(14_999)
    assert.equal(liveness.deadlineMs(), 24_999)
    assert.equal(liveness.check(24_999), 'request')
  })

  test('gives up on a peer that is there and acknowledges nothing for 30 s', () => {
    const liveness = new Liveness(0)
    liveness.sent(5000)
    liveness.sent(20_000)
    liveness.heard(34_000)
    assert.equal(liveness.check(34_999), 'alive')
    assert.equal(liveness.check(35_000), 'stalled')
    liveness.acknowledged(35_000, 1)
    assert.equal(liveness.check(36_000), 'alive')
    liveness.acknowledged(36_000, 0)
    liveness.heard(70_000)
    assert.equal(liveness.check(70_000), 'alive')
  })
})
