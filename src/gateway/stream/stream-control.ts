import type { ClientConnection } from '../../system/client-connection.ts'
import type { Element } from '../../xml/element.ts'
import type { StreamError } from '../../xmpp/stream-error.ts'
import type { Login } from '../sasl/sasl-exchange.ts'

/** How far a stream has come: login, binding, stanzas. */
export interface StreamStage {
  /** What we offer at its beginning. */
  features(): Element
  /** @throws StreamError */
  take(element: Element): void
}

/** The session of a stream, as the stream sees it. */
export interface AttachedSession {
  /** So much of what it sent is under way that no more is to be read. */
  readonly isBusy: boolean
  /** Calls `fn` once, now or when nothing that the client has sent is under way. */
  whenIdle(fn: () => void): void
  /** The client is silent: asks whether it is there. False: by no means that needs an answer. */
  probe(): boolean
  /** What was written has left the machine. */
  drained(): void
  /** The stream is over; `isGraceful`: because the client wanted it. */
  detach(stream: StreamControl, isGraceful: boolean): void
}

/** A stream, as its stages and its session see it. */
export interface StreamControl {
  readonly connection: ClientConnection
  /** Bare JID that the client's header says it is. */
  readonly claimedAccount: string | undefined
  /** Of what it writes, if its header says so (RFC 6120 §4.7.4). */
  readonly language: string | undefined
  /** Writes an element that is no stanza of a session. */
  send(element: Element): void
  /** Writes a stanza, serialized as a child of a stream of clients. */
  sendStanza(text: string): void
  /** Whether the client takes what is written: nothing waits, or too much does. */
  readonly isDrained: boolean
  readonly isFull: boolean
  /** Forgets what came and was not taken. True if that was more than white space. */
  discard(): boolean
  /** Something that was waited for has happened: reads on. */
  proceed(): void
  /** Nothing further is read until the returned function is called. */
  hold(): () => void
  /** Does something later than its element was taken, unless the stream is over; what it throws ends the stream. */
  attempt(action: () => void): void
  /** A new header follows on both sides (RFC 6120 §4.3.3). */
  restart(stage: StreamStage): void
  /** Goes on to another stage on the same stream. */
  enter(stage: StreamStage): void
  /** The client is known now, and may send more. */
  loggedIn(login: Login): void
  /** A request to acknowledge was sent: a client that says nothing from now on is gone. */
  expectAnswer(): void
  /** Login and binding are over; `session` is told of drains and of the end. */
  bound(session: AttachedSession): void
  /** Ends the stream with an error (RFC 6120 §4.9). */
  fail(error: StreamError): void
}
