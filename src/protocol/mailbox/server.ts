import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Network, NetworkStream, PeerIdText } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { CollectionCounts } from './collection-counts.ts'
import { MailboxError } from './errors.ts'
import { LetterDesk } from './letter-desk.ts'
import type { Asker, LetterServing } from './letter-serving.ts'
import type { Answer, Request } from './messages.ts'
import { INBOUND_STREAMS_MAX_PER_PEER, MAILBOX_PROTOCOL, OUTBOUND_STREAMS_MAX_PER_PEER } from './protocol.ts'
import type { RecordKeeper } from './record-keeper.ts'
import type { CollectionService } from './served-collection.ts'
import { ServerStream } from './server-stream.ts'
import { SignatureChecks } from './signature-checks.ts'
import { SyncDesk } from './sync-desk.ts'

export interface MailboxServerInit {
  readonly records: RecordKeeper
  /** @default this node keeps no letters */
  readonly letters?: LetterServing | undefined
  /** A peer broke the protocol. @default nobody is told */
  readonly onViolation?: (peerId: PeerIdText, reason: string) => void
}

/** Answers what other nodes ask of this one as a custodian. */
export class MailboxServer {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #network: Pick<Network, 'handle' | 'peerId'>
  readonly #logger: Logger
  readonly #records: RecordKeeper
  readonly #letters: Letters | undefined
  readonly #onViolation: (peerId: PeerIdText, reason: string) => void
  readonly #streams = new Map<ServerStream, Promise<void>>()
  #started = false
  #stopped = false

  constructor(
    components: {
      clock: Pick<Clock, 'schedule' | 'monotonicMs'>
      network: Pick<Network, 'handle' | 'peerId'>
      logger: Logger
    },
    init: MailboxServerInit,
  ) {
    this.#clock = components.clock
    this.#network = components.network
    this.#logger = components.logger
    this.#records = init.records
    this.#letters = init.letters && lettersOf(components, init.letters)
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
    const served = new ServerStream(this.#clock, stream, {
      answer: (request, asker) => this.#answer(request, asker),
      collections: this.#letters?.collections,
    })
    const end = served.run().catch((error: unknown) => this.#failed(peerId, error))
    this.#streams.set(served, end)
    await end
    this.#streams.delete(served)
  }

  async #answer(request: Request, asker: Asker): Promise<Answer> {
    const { id, putRecord, getRecord } = request
    const { peerId } = asker
    if (putRecord !== undefined) {
      const outcome = await this.#records.put(putRecord.record, peerId)
      return outcome === 'stored' ? { id, stored: {} } : { id, refused: { reason: outcome } }
    }
    if (getRecord !== undefined) {
      const outcome = await this.#records.get(getRecord.publicKey, peerId)
      if (outcome === undefined) {
        return { id, notFound: {} }
      }
      return typeof outcome === 'string' ? { id, refused: { reason: outcome } } : { id, found: { record: outcome } }
    }
    const outcome = this.#letters === undefined ? NO_LETTERS : await answerLetters(this.#letters, request, asker)
    return { ...outcome, id }
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

const NO_LETTERS = { letterRefused: { reason: 'no-storage', difficultyBits: 0, retryAfterMs: 0 } } as const

/** What answers about letters. */
interface Letters {
  readonly desk: LetterDesk
  readonly sync: SyncDesk
  readonly collections: CollectionService
}

function lettersOf(
  {
    clock,
    network,
  }: { clock: CollectionService['clock'] & Pick<Clock, 'monotonicMs'>; network: Pick<Network, 'peerId'> },
  serving: LetterServing,
): Letters {
  const custodian = network.peerId
  const signatures = new SignatureChecks(clock)
  const desk = new LetterDesk(custodian, serving, signatures)
  const counts = new CollectionCounts()
  return {
    desk,
    sync: new SyncDesk(serving.keeper, desk),
    collections: { clock, custodian, serving, signatures, counts },
  }
}

/** Every verb but those of records and collections. */
function answerLetters({ desk, sync }: Letters, request: Request, asker: Asker): Promise<Omit<Answer, 'id'>> {
  if (request.deposit !== undefined) {
    return desk.deposit(request.deposit, asker)
  }
  if (request.acknowledge !== undefined) {
    return desk.acknowledge(request.acknowledge, asker)
  }
  if (request.sync !== undefined) {
    return sync.sync(request.sync, asker)
  }
  if (request.exchange !== undefined) {
    return sync.exchange(request.exchange, asker)
  }
  if (request.fetch !== undefined) {
    return sync.fetch(request.fetch, asker)
  }
  assert(request.replicate !== undefined, 'a request has one verb')
  return desk.replicate(request.replicate, asker)
}
