import { concat } from 'uint8arrays/concat'
import type { PeerIdText } from '../../system/network.ts'
import { toUtf8 } from '../../util/bytes.ts'

const RECEIPT_LABEL = toUtf8('kabber-mailbox-receipt:')

/** What a custodian states with its node key: it keeps this letter in this mailbox until then. */
export interface ReceiptStatement {
  readonly mailboxKey: Uint8Array
  readonly letterId: Uint8Array
  readonly expiresMs: number
  readonly custodian: PeerIdText
}

/** "kabber-mailbox-receipt:" ‖ mailbox key ‖ letter id ‖ expiry in ms (64 bit, big endian) ‖ the custodian's PeerId as text. */
export function receiptBytes({ mailboxKey, letterId, expiresMs, custodian }: ReceiptStatement): Uint8Array {
  const expiry = new Uint8Array(8)
  new DataView(expiry.buffer).setBigUint64(0, BigInt(expiresMs))
  return concat([RECEIPT_LABEL, mailboxKey, letterId, expiry, toUtf8(custodian)])
}

/** What a collector states with the mailbox key: I, at this connection, ask this custodian now. */
export interface CollectStatement {
  /** Of the custodian's challenge, 32 bytes. */
  readonly nonce: Uint8Array
  readonly mailboxKey: Uint8Array
  readonly collector: PeerIdText
  readonly custodian: PeerIdText
}

/**
 * Nonce ‖ mailbox key ‖ the two PeerIds as text with "/" between them, to be signed by `signForMailbox` for `collect`. So
 * a custodian cannot use the answer to collect at another one.
 */
export function collectBytes({ nonce, mailboxKey, collector, custodian }: CollectStatement): Uint8Array {
  return concat([nonce, mailboxKey, toUtf8(`${collector}/${custodian}`)])
}
