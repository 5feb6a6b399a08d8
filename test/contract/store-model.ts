import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Range, Row, Store, Transaction } from '../../src/system/store.ts'
import { letter, letters } from './store-tables.ts'

type Letter = Row<typeof letters>

type Step =
  | { readonly act: 'put'; readonly row: Letter }
  | { readonly act: 'delete'; readonly key: [string, number] }
  | { readonly act: 'deleteRange' | 'list'; readonly range: Range<typeof letters> }

/** Transactions of random steps, some of which throw at their end, do what a plain array does. */
export function modelContract(open: (t: TestContext) => Promise<Store>): void {
  test('random transactions give what a plain array of rows gives', async (t) => {
    const store = await open(t)
    await fc.assert(
      fc.asyncProperty(fc.array(anyTransaction, { maxLength: 12 }), async (transactions) => {
        await store.transaction((tx) => tx.deleteRange(letters, {}))
        let model: Letter[] = []
        const pending: Promise<unknown>[] = []
        for (const { steps, throws, wait } of transactions) {
          const before = model
          const done = store.transaction((tx) => {
            for (const step of steps) {
              model = apply(tx, step, model)
            }
            if (throws) {
              throw new Error('on purpose')
            }
          })
          pending.push(throws ? assert.rejects(done, /on purpose/) : done)
          model = throws ? before : model
          assert.deepEqual(store.read.list(letters), sorted(model, {}))
          if (wait) {
            await Promise.all(pending)
          }
        }
        await Promise.all(pending)
        assert.deepEqual(store.read.list(letters), sorted(model, {}))
      }),
      { numRuns: 150 },
    )
  })
}

/** Does the step on both, compares what they answer, and returns the new model. */
function apply(tx: Transaction, step: Step, model: readonly Letter[]): Letter[] {
  switch (step.act) {
    case 'put':
      tx.put(letters, step.row)
      return [...model.filter((row) => !isAt(row, step.row)), step.row]
    case 'delete': {
      const [box, number] = step.key
      const kept = model.filter((row) => !isAt(row, { box, number }))
      assert.equal(tx.delete(letters, step.key), kept.length < model.length)
      return kept
    }
    case 'deleteRange': {
      const { limit: _, reverse: __, ...range } = step.range
      const gone = sorted(model, range)
      assert.equal(tx.deleteRange(letters, range), gone.length)
      return model.filter((row) => !gone.includes(row))
    }
    case 'list':
      assert.deepEqual(tx.list(letters, step.range), sorted(model, step.range))
      assert.equal(tx.count(letters, step.range), sorted(model, step.range).length)
      return [...model]
  }
}

function isAt(row: Letter, key: { readonly box: string; readonly number: number }): boolean {
  return row.box === key.box && row.number === key.number
}

function sorted(model: readonly Letter[], range: Range<typeof letters>): Letter[] {
  const order = range.index === 'by_sender' ? ['sender', 'day'] : range.index === 'by_day' ? ['day'] : ['box', 'number']
  const prefix = range.prefix ?? []
  const bounded = order[prefix.length]
  const value = (row: Letter, column: string): string | number => row[column as 'box' | 'number']
  const rows = model.filter((row) => {
    const next = bounded === undefined ? 0 : value(row, bounded)
    return (
      prefix.every((part, i) => value(row, order[i] as string) === part) &&
      (range.from === undefined || next >= range.from) &&
      (range.after === undefined || next > range.after) &&
      (range.to === undefined || next <= range.to) &&
      (range.before === undefined || next < range.before)
    )
  })
  const columns = [...order, 'box', 'number']
  rows.sort((a, b) => {
    const column = columns.find((name) => value(a, name) !== value(b, name)) ?? 'box'
    return value(a, column) < value(b, column) ? -1 : 1
  })
  return (range.reverse === true ? rows.reverse() : rows).slice(0, range.limit)
}

const boxes = fc.constantFrom('', 'a', 'aa', 'b')
const numbers = fc.integer({ min: -2, max: 4 })
const senders = fc.constantFrom('romeo', 'juliet')

const anyRow: fc.Arbitrary<Letter> = fc
  .tuple(boxes, numbers, senders, numbers, fc.option(fc.string({ maxLength: 3 })))
  .map(([box, number, sender, day, body]) => letter(box, number, { sender, day, body }))

const options = <Value extends string | number>(values: fc.Arbitrary<Value>): fc.Arbitrary<Range<typeof letters>> =>
  fc.record(
    {
      from: values,
      after: values,
      to: values,
      before: values,
      reverse: fc.boolean(),
      limit: fc.nat({ max: 5 }),
    },
    { requiredKeys: [] },
  )

const anyRange: fc.Arbitrary<Range<typeof letters>> = fc.oneof(
  options(boxes),
  fc.tuple(boxes, options(numbers)).map(([box, rest]) => ({ ...rest, prefix: [box] })),
  fc.tuple(boxes, numbers).map((prefix) => ({ prefix })),
  options(numbers).map((rest) => ({ ...rest, index: 'by_day' as const })),
  options(senders).map((rest) => ({ ...rest, index: 'by_sender' as const })),
  fc
    .tuple(senders, options(numbers))
    .map(([sender, rest]) => ({ ...rest, index: 'by_sender' as const, prefix: [sender] })),
)

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: anyRow.map((row) => ({ act: 'put' as const, row })) },
  { weight: 1, arbitrary: fc.tuple(boxes, numbers).map((key) => ({ act: 'delete' as const, key })) },
  { weight: 1, arbitrary: anyRange.map((range) => ({ act: 'deleteRange' as const, range })) },
  { weight: 2, arbitrary: anyRange.map((range) => ({ act: 'list' as const, range })) },
)

const anyTransaction = fc.record({
  steps: fc.array(anyStep, { maxLength: 6 }),
  throws: fc.boolean(),
  wait: fc.boolean(),
})
