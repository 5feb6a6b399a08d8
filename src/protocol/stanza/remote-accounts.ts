import { type AccountRecord, openAccountRecord } from '../../identity/account-record.ts'
import { RecordError } from '../../identity/record-error.ts'
import { publicKeyFromXid } from '../../identity/xid.ts'
import type { Clock } from '../../system/clock.ts'
import type { PeerIdText } from '../../system/network.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { AccountClaim } from './messages.ts'

/** An account that the other node serves, as its record proves. */
export interface RemoteAccount {
  /** The bare JID. */
  readonly address: string
  readonly record: AccountRecord
  /** The record as it travelled. */
  readonly bytes: Uint8Array
}

/** Checks that the other node serves an account. @throws StreamError `not-authorized` */
export type AccountVerifier = (claim: AccountClaim) => RemoteAccount

/**
 * The verifier for the accounts of one peer: the record is valid, that of the account it is shown for, and lists the
 * peer among the account's nodes. So the sender of a stanza cannot be forged.
 *
 * @throws StreamError `not-authorized`, with the RecordError as its cause if there is one
 */
export function accountVerifier(peerId: PeerIdText, clock: Pick<Clock, 'wallMs'>): AccountVerifier {
  return (claim) => {
    const publicKey = publicKeyFromXid(claim.address)
    if (publicKey === undefined) {
      throw new StreamError('not-authorized', 'account that is no XID')
    }
    const record = openRecord(claim.record, publicKey, clock.wallMs())
    if (record.address !== claim.address) {
      throw new StreamError('not-authorized', 'account not in its canonical form')
    }
    if (!record.nodes.some((node) => node.peerId === peerId)) {
      throw new StreamError('not-authorized', 'record that does not list this node')
    }
    return { address: record.address, record, bytes: record.encoded }
  }
}

function openRecord(bytes: Uint8Array, publicKey: Uint8Array, nowMs: number): AccountRecord {
  try {
    return openAccountRecord(bytes, { nowMs, publicKey })
  } catch (error) {
    if (error instanceof RecordError) {
      throw new StreamError('not-authorized', `record refused: ${error.reason}`, { cause: error })
    }
    throw error
  }
}
