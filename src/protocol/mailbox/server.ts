import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Network, NetworkStream, PeerIdText } from '../../system/network.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { MailboxError } from './errors.ts'
import type { Answer, Request } from './messages.ts'
import { INBOUND_STREAMS_MAX_PER_PEER, MAILBOX_PROTOCOL, OUTBOUND_STREAMS_MAX_PER_PEER } from './protocol.ts'
import type { RecordKeeper } from './record-keeper.ts'
import { ServerStream } from './server-stream.ts'

export interface MailboxServerInit {
  readonly records: RecordKeeper
  /** A peer broke the protocol. @default nobody is told */
  readonly onViolation?: (peerId: PeerIdText, reason: string) => void
}

/** Answers what other nodes ask of this one as a custodian. */
export class MailboxServer {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #network: Pick<Network, 'handle'>
  readonly #logger: Logger
  readonly #records: RecordKeeper
  readonly #onViolation: (peerId: PeerIdText, reason: string) => void
  readonly #streams = new Map<ServerStream, Promise<void>>()
  #started = false
  #stopped = false

  constructor(
    components: { clock: Pick<Clock, 'schedule'>; network: Pick<Network, 'handle'>; logger: Logger },
    init: MailboxServerInit,
  ) {
    this.#clock = components.clock
    this.#network = components.network
    this.#logger = components.logger
    this.#records = init.records
    this.#onViolation = init.onViolation ?? (() => {})
  }

  /** Accepts streams; allowed before the network starts. Idempotent. */
  start(): void {
    if (this.#started) {
      return
    }
    this.#started = true
    this.#network.handle(MAILBOX_PROTOCOL, (stream) => this.#serve(stream), {
      maxInboundStreamsPerPeer: INBOUND_STREAMS_MAX_PER_PEER,
      maxOutboundStreamsPerPeer: OUTBOUND_STREAMS_MAX_PER_PEER,
    })
  }

  /** Breaks all streams and waits for their end. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const stream of this.#streams.keys()) {
      stream.abort(new MailboxError('stopped', 'the node is stopping'))
    }
    await Promise.allSettled(this.#streams.values())
  }

  async #serve(stream: NetworkStream): Promise<void> {
    if (this.#stopped) {
      stream.abort(new MailboxError('stopped', 'the node is stopping'))
      return
    }
    const { peerId } = stream
    const served = new ServerStream(this.#clock, stream, (request) => this.#answer(request, peerId))
    const end = served.run().catch((error: unknown) => this.#failed(peerId, error))
    this.#streams.set(served, end)
    await end
    this.#streams.delete(served)
  }

  async #answer(request: Request, peerId: PeerIdText): Promise<Answer> {
    const { id, putRecord, getRecord } = request
    if (putRecord !== undefined) {
      const outcome = await this.#records.put(putRecord.record, peerId)
      return outcome === 'stored' ? { id, stored: {} } : { id, refused: { reason: outcome } }
    }
    const outcome = getRecord && (await this.#records.get(getRecord.publicKey, peerId))
    if (outcome === undefined) {
      return { id, notFound: {} }
    }
    return typeof outcome === 'string' ? { id, refused: { reason: outcome } } : { id, found: { record: outcome } }
  }

  #failed(peerId: PeerIdText, error: unknown): void {
    if (error instanceof ProtocolViolation) {
      this.#logger.warn('peer violated the mailbox protocol', { peer: peerId, reason: error.reason })
      this.#onViolation(peerId, error.reason)
    } else {
      this.#logger.debug('mailbox stream broke', { peer: peerId, reason: String(error) })
    }
  }
}
