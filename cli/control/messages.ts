/** A request on the control socket; `id` is the caller's, answered unchanged. */
export interface ControlRequest {
  readonly id: number
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Why a request failed. `condition` is a stanza error condition of RFC 6120 §8.3.3 or a word of docs/cli.md. */
export interface ControlFailure {
  readonly condition: string
  readonly message: string
}

/** An answer. */
export type ControlAnswer =
  | { readonly id: number; readonly result: object }
  | { readonly id: number; readonly error: ControlFailure }

/** Presence of a contact as the command line shows it (RFC 6121 §4.7.2), `unavailable` when nothing is known. */
export type PresenceWord = 'available' | 'chat' | 'away' | 'xa' | 'dnd' | 'unavailable'

/** A message of the archive, also the shape of `kabber history --json`. */
export interface MessageView {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly body: string
  /** ISO 8601, UTC. */
  readonly stamp: string
  readonly direction: 'in' | 'out'
  readonly state: 'queued' | 'stored' | 'delivered' | 'failed' | 'received'
}

/** A roster item, also the shape of `kabber contact list --json`. */
export interface ContactView {
  readonly address: string
  readonly name?: string
  readonly subscription: string
  /** Our request is unanswered. */
  readonly ask: boolean
  /** Their request waits for `contact accept`. */
  readonly pendingIn: boolean
  readonly presence: PresenceWord
}

/** What a connection that subscribed is told. */
export type ControlEvent =
  | { readonly event: 'message'; readonly peer: string; readonly message: MessageView }
  | {
      readonly event: 'message-state'
      readonly id: string
      readonly peer: string
      readonly state: MessageView['state']
      /** With `stored`: custodians that have signed for it. */
      readonly receipts?: number
      /** With `stored`: custodians that were asked. */
      readonly of?: number
    }
  | { readonly event: 'presence'; readonly peer: string; readonly presence: PresenceWord }
  | { readonly event: 'contact'; readonly contact: ContactView }

/**
 * Longest line in either direction, bytes: a message of 256 KiB whose every character JSON has to escape is half of it.
 */
export const MAX_LINE_BYTES = 1_048_576
