import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import { toBase64url } from '../../util/bytes.ts'
import { type Element, element } from '../../xml/element.ts'
import { serialize } from '../../xml/serializer.ts'
import { XmlError } from '../../xml/xml-error.ts'
import { NS_CLIENT } from '../../xmpp/namespaces.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { BoundSession, ClientPort, DeliveryOutcome } from '../client-session.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { HandledStanzas } from './handled-stanzas.ts'
import { OutboundQueue } from './outbound-queue.ts'
import type { AttachedSession, StreamControl } from './stream-control.ts'
import { NS_SM } from './stream-namespaces.ts'
import type { StreamSessions } from './stream-sessions.ts'

/** Stanzas of one client that are being handled; then no more is read from it. */
const MAX_PENDING_STANZAS = 256
/** XEP-0198 §9: ids that nobody can guess. 192 bits. */
const RESUMPTION_ID_BYTES = 24

/** What sessions share. */
export interface StreamSessionParts {
  readonly random: Pick<Random, 'bytes'>
  readonly logger: Logger
  readonly sessions: StreamSessions<StreamSession>
}

/** A bound session on our side of the stream: outlives its stream where stream management is on (XEP-0198 §5). */
export class StreamSession implements ClientPort, AttachedSession {
  readonly account: string
  /** Of the last login: its revocation ends the session. */
  passwordName: string | undefined
  resumptionId: string | undefined
  readonly #parts: StreamSessionParts
  readonly #outbound = new OutboundQueue()
  readonly #handled: HandledStanzas
  readonly #whenIdle: (() => void)[] = []
  #progress: () => void = () => {}
  #bound: BoundSession | undefined
  #stream: StreamControl | undefined
  /** The last one, for what is asked of a client that is away. */
  #connection: StreamControl['connection']
  #isManaged = false
  #isAskedToAcknowledge = false
  #isFlushing = false
  #isOver = false

  constructor(parts: StreamSessionParts, login: Login, stream: StreamControl) {
    this.#parts = parts
    this.account = login.account
    this.passwordName = login.passwordName
    this.#connection = stream.connection
    this.#handled = new HandledStanzas(() => this.#handledSome())
  }

  get isLocal(): boolean {
    return this.#connection.isLocal
  }

  get isSecure(): boolean {
    return this.#connection.tls() !== undefined
  }

  get isOwner(): boolean {
    return this.#connection.transport === 'unix'
  }

  get webBase(): string | undefined {
    return this.#connection.webBase
  }

  get isFull(): boolean {
    return this.#outbound.isFull || this.#stream?.isFull === true
  }

  get isManaged(): boolean {
    return this.#isManaged
  }

  get handledCount(): number {
    return this.#handled.count
  }

  /** Whether all that the client has sent is handled. */
  get isIdle(): boolean {
    return this.#handled.pending === 0
  }

  /**
   * Whether nothing should be read from the client now: it has much under way, or does not take its answers. With stream
   * management only its reading on can tell, for an acknowledgement stands behind what it sent before.
   */
  get isBusy(): boolean {
    return this.#handled.pending >= MAX_PENDING_STANZAS || (!this.#isManaged && this.#outbound.isFull)
  }

  /** Stanzas that the client was sent since stream management began. */
  get sentCount(): number {
    return this.#outbound.sentCount
  }

  /** The session that the host has made; set once, before anything is received. */
  get bound(): BoundSession {
    if (this.#bound === undefined) {
      throw new Error('a session is bound before it is used')
    }
    return this.#bound
  }

  begin(bound: BoundSession): void {
    this.#bound = bound
    this.#parts.sessions.add(this)
  }

  /** Stanzas flow to this stream from now on; `progress` is called when stanzas of the client were handled. */
  attach(stream: StreamControl, progress: () => void): void {
    this.#stream = stream
    this.#connection = stream.connection
    this.#progress = progress
    this.#isAskedToAcknowledge = false
    this.#flush()
  }

  whenIdle(fn: () => void): void {
    if (this.isIdle) {
      fn()
    } else {
      this.#whenIdle.push(fn)
    }
  }

  probe(): boolean {
    if (!this.#isManaged || this.#stream === undefined) {
      return false
    }
    this.#stream.send(element('r', NS_SM))
    this.#stream.expectAnswer()
    return true
  }

  deliver(stanza: Element, settled?: (outcome: DeliveryOutcome) => void): void {
    const text = this.#hasRoomFor(settled) ? this.#textOf(stanza) : undefined
    if (text === undefined) {
      queueMicrotask(() => settled?.('lost'))
      return
    }
    this.#outbound.push(text, settled)
    if (this.#stream !== undefined && !this.#isFlushing) {
      // What is delivered in one go leaves in one go, with one request to acknowledge behind it.
      this.#isFlushing = true
      queueMicrotask(() => this.#flush())
    }
  }

  end(error: StreamError): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.fail(error)
    // The host may be in the middle of something.
    queueMicrotask(() => this.finish())
  }

  receive(stanza: Element): void {
    this.#handled.add(this.bound.receive(stanza))
  }

  /** A stanza that the stream itself has answered: it counts too. */
  handled(): void {
    this.#handled.add(Promise.resolve())
  }

  /** XEP-0198 §3. */
  enableManagement(isResumable: boolean): void {
    this.#outbound.deliverWritten()
    this.#isManaged = true
    this.#handled.start()
    if (isResumable) {
      this.resumptionId = toBase64url(this.#parts.random.bytes(RESUMPTION_ID_BYTES))
      this.#parts.sessions.resumable(this.resumptionId, this)
    }
  }

  /** XEP-0198 §4: an `<a/>`. False if the client counts more than it was sent. */
  acknowledged(h: number): boolean {
    this.#isAskedToAcknowledge = false
    const isPossible = this.#outbound.acknowledge(h)
    this.#askToAcknowledge()
    return isPossible
  }

  /** What was written has left the machine. */
  drained(): void {
    if (!this.#isManaged) {
      this.#outbound.deliverWritten()
    }
  }

  /**
   * Makes ready for another stream of the same client (XEP-0198 §5), whether its last one is known to be dead or not.
   * False if the client counts more than it was sent.
   */
  resume(h: number): boolean {
    const stream = this.#stream
    this.#stream = undefined
    stream?.fail(new StreamError('conflict', 'The session was resumed on another stream.'))
    this.#outbound.rewind()
    this.#parts.sessions.attached(this)
    if (!this.#outbound.acknowledge(h)) {
      this.finish()
      return false
    }
    if (stream === undefined) {
      this.bound.resumed()
    }
    return true
  }

  /** Its stream is gone. */
  detach(stream: StreamControl, isGraceful: boolean): void {
    if (this.#stream !== stream || this.#isOver) {
      return
    }
    this.#stream = undefined
    if (isGraceful || this.resumptionId === undefined) {
      this.finish()
      return
    }
    this.bound.detached()
    this.#parts.sessions.detached(this)
  }

  /** It is over: what is not settled is lost to the client. Idempotent. */
  finish(): void {
    if (this.#isOver) {
      return
    }
    this.#isOver = true
    this.#parts.sessions.ended(this)
    this.#outbound.loseAll()
    this.#bound?.ended()
  }

  /**
   * What nobody would send again, such as the answer to an iq, is not lost silently while there is a stream: a client for
   * which there is no room even then must come back.
   */
  #hasRoomFor(settled: ((outcome: DeliveryOutcome) => void) | undefined): boolean {
    if (this.#isOver || !this.isFull) {
      return !this.#isOver
    }
    if (settled !== undefined || this.#stream === undefined) {
      return false
    }
    if (this.#outbound.isOverfull) {
      this.#stream.fail(new StreamError('resource-constraint', 'The client does not take what it is sent.'))
      return false
    }
    return true
  }

  #handledSome(): void {
    this.#progress()
    if (this.isIdle) {
      for (const fn of this.#whenIdle.splice(0)) {
        fn()
      }
    }
    this.#stream?.proceed()
  }

  #textOf(stanza: Element): string | undefined {
    if (stanza.namespace !== NS_CLIENT) {
      this.#parts.logger.error('what was delivered is no stanza', { namespace: stanza.namespace })
      return undefined
    }
    try {
      return serialize(stanza, NS_CLIENT)
    } catch (error) {
      if (error instanceof XmlError) {
        this.#parts.logger.error('a stanza cannot be written', { reason: error.message })
        return undefined
      }
      throw error
    }
  }

  #flush(): void {
    this.#isFlushing = false
    const stream = this.#stream
    const texts = stream === undefined ? [] : this.#outbound.takeUnwritten()
    if (stream === undefined || texts.length === 0) {
      return
    }
    for (const text of texts) {
      stream.sendStanza(text)
    }
    if (this.#isManaged) {
      this.#askToAcknowledge()
    } else if (stream.isDrained) {
      this.#outbound.deliverWritten()
    }
  }

  /** XEP-0198 §4: one request at a time, so that a slow client is not asked more often than it can answer. */
  #askToAcknowledge(): void {
    if (this.#isManaged && !this.#isAskedToAcknowledge && this.#outbound.size > 0 && this.#stream !== undefined) {
      this.#isAskedToAcknowledge = true
      this.#stream.send(element('r', NS_SM))
      this.#stream.expectAnswer()
    }
  }
}
