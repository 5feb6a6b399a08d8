import type { Element } from '../../xml/element.ts'
import type { StreamError } from '../../xmpp/stream-error.ts'
import type { AccountClaim, OpenFrame, StreamFrame } from './messages.ts'
import type { Receipt } from './received-stanzas.ts'
import type { RemoteAccount } from './remote-accounts.ts'

/** The other node has dialled a stream, and `admits` its open; it takes the place of the stream before, if any. */
export interface InboundAttachment {
  readonly type: 'attached'
  readonly direction: 'inbound'
  readonly open: OpenFrame
  readonly accounts: readonly RemoteAccount[]
  readonly nowMs: number
}

/** What happens to a session. `nowMs` is monotonic. */
export type SessionEvent<Item> =
  /** This node has dialled a stream. */
  | { readonly type: 'attached'; readonly direction: 'outbound'; readonly nowMs: number }
  | InboundAttachment
  /** `bytes` is the length of the frame. */
  | { readonly type: 'frame'; readonly frame: StreamFrame; readonly bytes: number; readonly nowMs: number }
  /** The other side sent what it must not; it is told and the stream ends. */
  | { readonly type: 'refused'; readonly error: StreamError; readonly nowMs: number }
  /** Only if `accepts(item.size)`. */
  | { readonly type: 'send'; readonly item: Item; readonly nowMs: number }
  | { readonly type: 'handled'; readonly receipts: readonly Receipt[] }
  | { readonly type: 'failed'; readonly receipt: Receipt; readonly nowMs: number }
  /** An account's record is new. */
  | { readonly type: 'announce'; readonly account: AccountClaim }
  | { readonly type: 'close'; readonly nowMs: number }
  /** The other side has closed its half of the stream. */
  | { readonly type: 'ended'; readonly nowMs: number }
  /** The stream broke. */
  | { readonly type: 'detached'; readonly reason: Error; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number }

/** What has to be done, in this order. Nothing is said to callers before all frames of the step are written. */
export type SessionEffect<Item> =
  | { readonly type: 'transmit'; readonly frame: Element }
  | { readonly type: 'transmit-item'; readonly item: Item }
  | { readonly type: 'deliver'; readonly stanza: Element; readonly receipt: Receipt }
  | { readonly type: 'acknowledged'; readonly items: readonly Item[] }
  | { readonly type: 'lost'; readonly items: readonly Item[] }
  | { readonly type: 'opened'; readonly resumed: boolean }
  | { readonly type: 'record-changed'; readonly account: RemoteAccount }
  /** Write the error, if there is one, and close the stream in good order. */
  | { readonly type: 'end'; readonly error: StreamError | undefined }
  /** Abort the stream. */
  | { readonly type: 'break'; readonly reason: Error }
  /** The dialled stream was not opened. */
  | { readonly type: 'refused'; readonly reason: Error }
  /** There is no stream now, but there may be another. */
  | { readonly type: 'detached'; readonly reason: Error }
  /** Final. */
  | { readonly type: 'closed' }
