import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import type { ArchiveQuery } from '../../../src/node/api.ts'
import { Archive } from '../../../src/node/archive.ts'
import { ArchivePages } from '../../../src/node/archive-pages.ts'
import { archiveTable } from '../../../src/node/tables/archive.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { element } from '../../../src/xml/element.ts'
import { NS_CLIENT } from '../../../src/xmpp/namespaces.ts'
import { StanzaError } from '../../../src/xmpp/stanza-error.ts'

const ME = 'romeo@montague.lit'
const PEERS = ['juliet@capulet.lit', 'nurse@capulet.lit'] as const

interface Planned {
  readonly peer: number
  readonly resource: string
  readonly direction: 'in' | 'out'
  readonly isHidden: boolean
  readonly isOthers: boolean
  readonly waitMs: number
}

interface Kept extends Planned {
  readonly archiveId: string
  readonly arrivedMs: number
}

async function archiveOf(plan: readonly Planned[]): Promise<{ pages: ArchivePages; kept: readonly Kept[] }> {
  const store = new MemoryStore(nodeSchema)
  let nowMs = 1_000
  const archive = new Archive(store.read, { wallMs: () => nowMs })
  const kept: Kept[] = []
  for (const [index, planned] of plan.entries()) {
    nowMs += planned.waitMs
    const other = `${PEERS[planned.peer]}/${planned.resource}`
    const [from, to] = planned.direction === 'in' ? [other, ME] : [ME, other]
    const hint = planned.isHidden ? [element('no-permanent-store', 'urn:xmpp:hints')] : []
    const stanza = element('message', NS_CLIENT, { from, to }, [element('body', NS_CLIENT, {}, ['x']), ...hint])
    const message = await store.transaction((transaction) =>
      archive.add(transaction, {
        position: 3 * index + 2,
        account: planned.isOthers ? 'benvolio@montague.lit' : ME,
        id: `m${index}`,
        peer: PEERS[planned.peer] as string,
        direction: planned.direction,
        stampMs: 5,
        state: 'received',
        stanza,
      }),
    )
    kept.push({ ...planned, archiveId: message.archiveId, arrivedMs: nowMs })
  }
  return { pages: new ArchivePages(store.read, ME), kept }
}

const plans = fc.array(
  fc.record({
    peer: fc.nat(1),
    resource: fc.constantFrom('a', 'b & c'),
    direction: fc.constantFrom('in' as const, 'out' as const),
    isHidden: fc.boolean(),
    isOthers: fc.boolean(),
    waitMs: fc.nat(3),
  }),
  { maxLength: 40 },
)

/** What the query asks for, from all that is kept. */
function expected(kept: readonly Kept[], query: ArchiveQuery): readonly Kept[] {
  return kept.filter(
    (message) =>
      !message.isOthers &&
      !message.isHidden &&
      (query.with === undefined || `${PEERS[message.peer]}/${message.resource}/`.startsWith(`${query.with}/`)) &&
      message.arrivedMs >= (query.startMs ?? 0) &&
      message.arrivedMs <= (query.endMs ?? Number.POSITIVE_INFINITY) &&
      Number(message.archiveId) > Number(query.afterId ?? 0) &&
      Number(message.archiveId) < Number(query.beforeId ?? Number.POSITIVE_INFINITY),
  )
}

function isNotFound(error: unknown): boolean {
  return error instanceof StanzaError && error.condition === 'item-not-found'
}

describe('a page of the archive', () => {
  test('has what the query asks for, from its beginning or its end, and says whether there is more', async () => {
    const queries = fc.record({
      with: fc.option(fc.constantFrom(PEERS[0], `${PEERS[0]}/a`, `${PEERS[1]}/b & c`), { nil: undefined }),
      startMs: fc.option(fc.integer({ min: 990, max: 1_100 }), { nil: undefined }),
      endMs: fc.option(fc.integer({ min: 990, max: 1_100 }), { nil: undefined }),
      after: fc.option(fc.nat(39), { nil: undefined }),
      before: fc.option(fc.nat(39), { nil: undefined }),
      fromEnd: fc.boolean(),
      limit: fc.nat(10),
    })
    await fc.assert(
      fc.asyncProperty(plans, queries, async (plan, { after, before, ...rest }) => {
        const { pages, kept } = await archiveOf(plan)
        const own = kept.filter((message) => !(message.isOthers || message.isHidden))
        const afterId = after === undefined ? undefined : own[after]?.archiveId
        const beforeId = before === undefined ? undefined : own[before]?.archiveId
        const query = Object.fromEntries(
          Object.entries({ ...rest, afterId, beforeId }).filter(([, value]) => value !== undefined),
        ) as ArchiveQuery
        const all = expected(kept, query)
        const wanted = rest.fromEnd ? all.slice(Math.max(0, all.length - rest.limit)) : all.slice(0, rest.limit)
        const page = pages.page(query)
        assert.deepEqual(
          page.messages.map(({ archiveId }) => archiveId),
          wanted.map(({ archiveId }) => archiveId),
        )
        assert.equal(page.isComplete, all.length <= rest.limit)
      }),
      { numRuns: 300 },
    )
  })

  test('of messages named by id is these, and an error if one is not there', async () => {
    const base = { peer: 0, resource: 'a', direction: 'in', isHidden: false, isOthers: false, waitMs: 1 } as const
    const { pages, kept } = await archiveOf([base, { ...base, isHidden: true }, { ...base, isOthers: true }, base])
    const ids = kept.map(({ archiveId }) => archiveId)
    const page = pages.page({ ids: [ids[3], ids[0], ids[3]] as string[] })
    assert.deepEqual([page.messages.map(({ archiveId }) => archiveId), page.isComplete], [[ids[0], ids[3]], true])
    for (const id of [ids[1], ids[2], '1', '0', '-1', '99', 'x', '', '9'.repeat(30)] as string[]) {
      assert.throws(() => pages.page({ ids: [id] }), isNotFound, id)
      assert.throws(() => pages.page({ afterId: id }), isNotFound, id)
      assert.throws(() => pages.page({ beforeId: id }), isNotFound, id)
    }
  })

  test('takes times beyond all limits (X17)', async () => {
    const { pages } = await archiveOf([])
    for (const time of [-(10 ** 15), 10 ** 15, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.deepEqual(pages.page({ startMs: time, endMs: time }), { messages: [], isComplete: true })
    }
  })

  test('ends early, and says so, among very many messages that do not match', async () => {
    const base = { peer: 0, resource: 'a', direction: 'in', isHidden: true, isOthers: false, waitMs: 0 } as const
    const { pages } = await archiveOf(Array.from({ length: 10_300 }, () => base))
    const cut = pages.page({ with: PEERS[0] })
    assert.deepEqual([cut.messages, cut.isComplete, typeof cut.resumeAt], [[], false, 'string'])
    assert.deepEqual(pages.page({ with: PEERS[0], resumeAt: cut.resumeAt as string }), {
      messages: [],
      isComplete: true,
    })
    const cutBack = pages.page({ with: PEERS[0], fromEnd: true })
    assert.deepEqual(pages.page({ with: PEERS[0], fromEnd: true, resumeAt: cutBack.resumeAt as string }), {
      messages: [],
      isComplete: true,
    })
    assert.deepEqual(pages.page({}), { messages: [], isComplete: true })
  })
})

test('what was received after a message includes what is not to be archived, and nothing sent', async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(39), fc.nat(10), async (plan, index, limit) => {
      const { pages, kept } = await archiveOf(plan)
      const afterId = kept[index]?.archiveId
      const received = kept.filter((message) => !message.isOthers && message.direction === 'in')
      assert.deepEqual(
        pages.receivedAfter(afterId, limit).map(({ archiveId }) => archiveId),
        received
          .map(({ archiveId }) => archiveId)
          .filter((id) => Number(id) > Number(afterId ?? 0))
          .slice(0, limit),
      )
    }),
  )
})

test('time of arrival does not go back with the clock, unless that was wrong by more than a day', async () => {
  const store = new MemoryStore(nodeSchema)
  let nowMs = 0
  let archive = new Archive(store.read, { wallMs: () => nowMs })
  const DAY_MS = 24 * 3_600_000
  const times = [10 * DAY_MS, 10 * DAY_MS - 5, 9 * DAY_MS + 1, 2 * DAY_MS]
  for (const [index, time] of times.entries()) {
    nowMs = time
    const stanza = element('message', NS_CLIENT, { from: PEERS[0], to: ME })
    const entry = { position: index + 1, account: ME, id: `m${index}`, peer: PEERS[0], direction: 'in' } as const
    await store.transaction((transaction) =>
      archive.add(transaction, { ...entry, stampMs: time, state: 'received', stanza }),
    )
    archive = new Archive(store.read, { wallMs: () => nowMs })
  }
  const arrived = store.read.list(archiveTable).map((row) => row.arrived_ms)
  assert.deepEqual(arrived, [10 * DAY_MS, 10 * DAY_MS, 10 * DAY_MS, 2 * DAY_MS])
})
