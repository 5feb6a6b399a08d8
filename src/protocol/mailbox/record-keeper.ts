import type { PeerIdText } from '../../system/network.ts'
import type { RecordRefusal } from './messages.ts'

/** What a keeper may say to a PUT_RECORD or GET_RECORD instead of doing it. */
export type KeeperRefusal = Exclude<RecordRefusal, 'wrong-account'>

/** What a mailbox server asks of whoever keeps the records. Nothing rejects but for a programmer error. */
export interface RecordKeeper {
  /** Judges a record and keeps it; `stored` means that this one is on disk. */
  put(record: Uint8Array, fromPeerId: PeerIdText): Promise<'stored' | KeeperRefusal>
  /** The record of an account, 32 bytes of public key; `undefined` when there is none. */
  get(publicKey: Uint8Array, fromPeerId: PeerIdText): Promise<Uint8Array | KeeperRefusal | undefined>
}
