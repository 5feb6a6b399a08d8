import { equals } from 'uint8arrays/equals'
import type { AccountRecord } from '../identity/account-record.ts'
import {
  NODE_ADDRESSES_MAX,
  type NodeEntry,
  type Profile,
  RECORD_MAX_BYTES,
  type RecordBody,
  recordBody,
} from '../identity/account-record-message.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../identity/ed25519.ts'
import { dayOf } from '../identity/mailbox-key.ts'
import { mergeNodes } from '../identity/merge-nodes.ts'
import { isMultiaddrText } from '../identity/multiaddr-text.ts'

/**
 * By so many days the mailbox keys of a record may begin earlier or later than those of today and still do: as much as
 * the clocks of two devices differ (26 h), which would otherwise replace each other's records without end.
 */
const MAILBOX_DAYS_SLACK = 2

/** Tags and lengths of body and signature. */
const ENVELOPE_BYTES = 6

/** Takes as many bytes as any time that a record may name. */
const ANY_TIME_MS = 2 ** 48

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
  /** What the owner set on this device; it counts unless he set it elsewhere later. */
  readonly profile?: Profile | undefined
  /** For a profile that nobody has set; undefined leaves it as it is. */
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
  const profile = nextProfile(current?.profile, own)
  return withProfile({ nodes, mailboxKeys: own.letters?.mailboxKeys ?? keptMailboxKeys(current, nowMs) }, profile)
}

/** The newest whole profile: two devices that both show something do not mix what was never meant to go together. */
function nextProfile(current: Profile | undefined, { profile, nickname }: OwnPart): Profile | undefined {
  if (profile !== undefined && profile.updatedMs >= (current?.updatedMs ?? 0)) {
    return profile
  }
  const isSet = current !== undefined && current.updatedMs > 0
  return isSet || nickname === undefined ? current : { nickname, items: current?.items ?? [], updatedMs: 0 }
}

/** As much of the profile as a record holds beside the rest: its last items are left out. */
function withProfile(content: RecordContent, profile: Profile | undefined): RecordContent {
  if (profile === undefined) {
    return content
  }
  for (let count = profile.items.length; ; count--) {
    const next = { ...content, profile: { ...profile, items: profile.items.slice(0, count) } }
    if (count === 0 || encodedBytes(next) <= RECORD_MAX_BYTES) {
      return next
    }
  }
}

function encodedBytes(content: RecordContent): number {
  const numbers = { sequence: Number.MAX_SAFE_INTEGER, issuedMs: ANY_TIME_MS, expiresMs: ANY_TIME_MS }
  const body = recordBody.encode({ ...content, ...numbers, publicKey: new Uint8Array(PUBLIC_KEY_BYTES) })
  return body.length + SIGNATURE_BYTES + ENVELOPE_BYTES
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
