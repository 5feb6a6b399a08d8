import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AccountRecord, openAccountRecord } from '../../../src/identity/account-record.ts'
import type { Profile } from '../../../src/identity/account-record-message.ts'
import { mailboxKeysFrom, mailboxOfDay } from '../../../src/identity/mailbox-key.ts'
import { type LettersPart, nextContent, saysTheSame } from '../../../src/node/record-content.ts'
import { accountOf, DAY_MS, HOUR_MS, peerIdOf, recordOf } from './record-world.ts'

const alice = accountOf('alice')
/** Noon. */
const DAY = 20_000
const NOON_MS: number = DAY * DAY_MS + 12 * HOUR_MS

function lettersOn(day: number, prekey = 1): LettersPart {
  return { prekey: Uint8Array.of(prekey), mailboxKeys: mailboxKeysFrom(alice, day, 44).map((key) => key.publicKey) }
}

function own(node: string, letters: LettersPart | undefined): Parameters<typeof nextContent>[1] {
  return { peerId: peerIdOf(node), addresses: [], capabilities: [], nickname: undefined, letters }
}

/** The record a device makes from what it knows. */
function issued(nowMs: number, content: ReturnType<typeof nextContent>): AccountRecord {
  return openAccountRecord(recordOf(alice, nowMs, content), { nowMs })
}

describe('the content of an account record', () => {
  it('has the prekey of this node, those of the others as they were, and mailboxes from the day of issue on', () => {
    const first = issued(NOON_MS, nextContent(undefined, own('phone', lettersOn(DAY, 1)), NOON_MS))
    const second = issued(NOON_MS, nextContent(first, own('laptop', lettersOn(DAY, 2)), NOON_MS))
    const prekeys = new Map(second.nodes.map((node) => [node.peerId, node.prekeys]))
    assert.deepEqual(prekeys.get(peerIdOf('phone')), [Uint8Array.of(1)])
    assert.deepEqual(prekeys.get(peerIdOf('laptop')), [Uint8Array.of(2)])
    assert.deepEqual(mailboxOfDay(second, DAY + 3), mailboxKeysFrom(alice, DAY + 3, 1)[0]?.publicKey)
    const rotated = nextContent(second, own('laptop', lettersOn(DAY, 3)), NOON_MS)
    assert.equal(saysTheSame(second, rotated, NOON_MS), false)
  })

  it('is the same for devices whose clocks are a day apart, so that they do not replace each other’s', () => {
    for (const days of [-2, -1, 0, 1, 2]) {
      const content = nextContent(undefined, own('phone', lettersOn(DAY + days)), NOON_MS)
      const record = issued(NOON_MS + days * DAY_MS, content)
      const mine = nextContent(record, own('phone', lettersOn(DAY)), NOON_MS)
      assert.equal(saysTheSame(record, mine, NOON_MS), true, `${days} days`)
    }
  })

  it('is renewed when its mailboxes began three days ago, are too few or are others', () => {
    const good = lettersOn(DAY)
    const old = lettersOn(DAY - 3)
    const others = { ...good, mailboxKeys: good.mailboxKeys.toReversed() }
    const few = { ...good, mailboxKeys: good.mailboxKeys.slice(0, 43) }
    const none = { ...good, mailboxKeys: [] }
    for (const [issuedMs, letters] of [
      [NOON_MS - 3 * DAY_MS, old],
      [NOON_MS, others],
      [NOON_MS, few],
      [NOON_MS, none],
    ] as const) {
      const record = issued(issuedMs, nextContent(undefined, own('phone', letters), issuedMs))
      assert.equal(saysTheSame(record, nextContent(record, own('phone', good), NOON_MS), NOON_MS), false)
    }
  })

  it('keeps prekeys and mailboxes, each for its own day, while this node has none to name', () => {
    const record = issued(NOON_MS, nextContent(undefined, own('phone', lettersOn(DAY)), NOON_MS))
    const laterMs = NOON_MS + 2 * DAY_MS
    const later = issued(laterMs, nextContent(record, own('phone', undefined), laterMs))
    assert.deepEqual(later.nodes[0]?.prekeys, [Uint8Array.of(1)])
    assert.equal(later.mailboxKeys.length, 42)
    assert.deepEqual(mailboxOfDay(later, DAY + 5), mailboxOfDay(record, DAY + 5))
    assert.deepEqual(nextContent(record, own('phone', undefined), NOON_MS - DAY_MS).mailboxKeys, [])
  })

  it('shows the profile that was set last, on whichever device, as a whole', () => {
    const profile = (nickname: string, updatedMs: number): Profile => ({
      nickname,
      items: [{ node: 'n', id: nickname, payload: '<x/>' }],
      updatedMs,
    })
    const next = (current: Profile | undefined, set: Profile | undefined, nickname?: string): Profile | undefined => {
      const before = issued(NOON_MS, { nodes: [], mailboxKeys: [], ...(current && { profile: current }) })
      return nextContent(before, { ...own('phone', undefined), profile: set, nickname }, NOON_MS).profile
    }
    const [older, newer] = [profile('older', 5), profile('newer', 6)]
    assert.deepEqual(next(older, newer), newer)
    assert.deepEqual(next(newer, older), newer)
    assert.deepEqual(next(newer, undefined, 'Alice'), newer)
    assert.deepEqual(next(undefined, older, 'Alice'), older)
    assert.deepEqual(next(profile('unset', 0), undefined, 'Alice'), { ...profile('unset', 0), nickname: 'Alice' })
    assert.equal(next(undefined, undefined), undefined)
  })

  it('leaves out the last items of a profile that does not fit, and the next record says the same', () => {
    const items = Array.from({ length: 32 }, (_, index) => ({ node: 'n', id: `${index}`, payload: 'x'.repeat(2_000) }))
    const part = { ...own('phone', lettersOn(DAY)), profile: { nickname: 'Alice', items, updatedMs: NOON_MS } }
    const record = issued(NOON_MS, nextContent(undefined, part, NOON_MS))
    const shown = record.profile?.items ?? []
    assert.ok(shown.length > 10 && shown.length < 16)
    assert.deepEqual([record.profile?.nickname, shown], ['Alice', items.slice(0, shown.length)])
    assert.equal(saysTheSame(record, nextContent(record, part, NOON_MS), NOON_MS), true)
  })
})
