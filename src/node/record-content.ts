import { equals } from 'uint8arrays/equals'
import type { AccountRecord } from '../identity/account-record.ts'
import { NODE_ADDRESSES_MAX, type NodeEntry, type RecordBody } from '../identity/account-record-message.ts'
import { dayOf } from '../identity/mailbox-key.ts'
import { mergeNodes } from '../identity/merge-nodes.ts'
import { isMultiaddrText } from '../identity/multiaddr-text.ts'

/**
 * By so many days the mailbox keys of a record may begin earlier or later than those of today and still do: as much as
 * the clocks of two devices differ (26 h), which would otherwise replace each other's records without end.
 */
const MAILBOX_DAYS_SLACK = 2

/** What the record says for those who seal letters. */
export interface LettersPart {
  /** This node's current one, encoded. */
  readonly prekey: Uint8Array
  /** The account's mailbox public keys from today on. */
  readonly mailboxKeys: readonly Uint8Array[]
}

/** What a record says, apart from its number and times. */
export type RecordContent = Pick<RecordBody, 'nodes' | 'mailboxKeys' | 'profile'>

/** What this node has to say about itself and its owner. */
export interface OwnPart {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly capabilities: readonly string[]
  /** Undefined leaves the profile as it is. */
  readonly nickname: string | undefined
  /** Undefined leaves prekeys and mailbox keys as they are. */
  readonly letters: LettersPart | undefined
}

/** What the next record of an account should say: its current one with this node's part renewed. */
export function nextContent(current: AccountRecord | undefined, own: OwnPart, nowMs: number): RecordContent {
  const self: NodeEntry = {
    peerId: own.peerId,
    addresses: own.addresses.filter(isMultiaddrText).slice(0, NODE_ADDRESSES_MAX),
    capabilities: own.capabilities,
    updatedMs: nowMs,
    prekeys: own.letters ? [own.letters.prekey] : keptPrekeys(current, own.peerId),
  }
  const nodes = mergeNodes([self], current?.nodes ?? [], own.peerId, nowMs)
  const profile =
    own.nickname === undefined ? current?.profile : { nickname: own.nickname, items: current?.profile?.items ?? [] }
  return {
    nodes,
    mailboxKeys: own.letters?.mailboxKeys ?? keptMailboxKeys(current, nowMs),
    ...(profile && { profile }),
  }
}

/** Whether a record already says what the next one would, whenever entries were renewed and whatever its first day. */
export function saysTheSame(a: AccountRecord, b: RecordContent, nowMs: number): boolean {
  return (
    a.profile?.nickname === b.profile?.nickname &&
    sameList(a.profile?.items ?? [], b.profile?.items ?? [], (x, y) => JSON.stringify(x) === JSON.stringify(y)) &&
    sameMailboxes(a, b.mailboxKeys, nowMs) &&
    sameList(a.nodes, b.nodes, sameNode)
  )
}

function keptPrekeys(current: AccountRecord | undefined, peerId: string): readonly Uint8Array[] {
  return current?.nodes.find((node) => node.peerId === peerId)?.prekeys ?? []
}

/** The first mailbox key of a record is that of the day of its issue. */
function keptMailboxKeys(current: AccountRecord | undefined, nowMs: number): readonly Uint8Array[] {
  const passed = dayOf(nowMs) - dayOf(current?.issuedMs ?? nowMs)
  return passed < 0 ? [] : (current?.mailboxKeys.slice(passed) ?? [])
}

function sameMailboxes(record: AccountRecord, next: readonly Uint8Array[], nowMs: number): boolean {
  const passed = dayOf(nowMs) - dayOf(record.issuedMs)
  const named = next.filter((key, index) => {
    const present = record.mailboxKeys[index + passed]
    return present !== undefined && equals(present, key)
  })
  return Math.abs(passed) <= MAILBOX_DAYS_SLACK && named.length >= next.length - Math.abs(passed)
}

function sameNode(a: NodeEntry, b: NodeEntry): boolean {
  return (
    a.peerId === b.peerId &&
    sameList(a.addresses, b.addresses, Object.is) &&
    sameList(a.capabilities, b.capabilities, Object.is) &&
    sameList(a.prekeys, b.prekeys, equals)
  )
}

function sameList<Item>(a: readonly Item[], b: readonly Item[], same: (a: Item, b: Item) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index] as Item))
}
