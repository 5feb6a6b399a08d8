import { equals } from 'uint8arrays/equals'
import type { AccountRecord } from '../identity/account-record.ts'
import { NODE_ADDRESSES_MAX, type NodeEntry, type RecordBody } from '../identity/account-record-message.ts'
import { mergeNodes } from '../identity/merge-nodes.ts'
import { isMultiaddrText } from '../identity/multiaddr-text.ts'

/** What a record says, apart from its number and times. */
export type RecordContent = Pick<RecordBody, 'nodes' | 'mailboxKeys' | 'profile'>

/** What this node has to say about itself and its owner. */
export interface OwnPart {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly capabilities: readonly string[]
  /** Undefined leaves the profile as it is. */
  readonly nickname: string | undefined
}

/** What the next record of an account should say: its current one with this node's part renewed. */
export function nextContent(current: AccountRecord | undefined, own: OwnPart, nowMs: number): RecordContent {
  const self: NodeEntry = {
    peerId: own.peerId,
    addresses: own.addresses.filter(isMultiaddrText).slice(0, NODE_ADDRESSES_MAX),
    capabilities: own.capabilities,
    updatedMs: nowMs,
    prekeys: current?.nodes.find(({ peerId }) => peerId === own.peerId)?.prekeys ?? [],
  }
  const nodes = mergeNodes([self], current?.nodes ?? [], own.peerId, nowMs)
  const profile =
    own.nickname === undefined ? current?.profile : { nickname: own.nickname, items: current?.profile?.items ?? [] }
  return { nodes, mailboxKeys: current?.mailboxKeys ?? [], ...(profile && { profile }) }
}

/** Whether two contents say the same, whenever their entries were renewed. */
export function saysTheSame(a: RecordContent, b: RecordContent): boolean {
  return (
    a.profile?.nickname === b.profile?.nickname &&
    sameList(a.profile?.items ?? [], b.profile?.items ?? [], (x, y) => JSON.stringify(x) === JSON.stringify(y)) &&
    sameList(a.mailboxKeys, b.mailboxKeys, equals) &&
    sameList(a.nodes, b.nodes, sameNode)
  )
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
