import { MailboxViolation } from './errors.ts'
import type { Asker } from './letter-serving.ts'
import type { Answer, Request } from './messages.ts'
import { COLLECTIONS_MAX_PER_STREAM } from './protocol.ts'
import { type CollectionService, ServedCollection } from './served-collection.ts'
import { StreamWindow } from './stream-window.ts'

/** The collections of one stream, as the custodian has them. */
export class StreamCollections {
  readonly #service: CollectionService | undefined
  readonly #asker: Asker
  readonly #send: (answer: Answer) => void
  readonly #fail: (error: unknown) => void
  readonly #window = new StreamWindow()
  /** By id; `undefined`: ended before it began. Kept until the collector says STOP. */
  readonly #collections = new Map<number, ServedCollection | undefined>()
  #dropped = false

  /** Without `service` every collection ends at once: this node keeps no letters. */
  constructor(
    service: CollectionService | undefined,
    asker: Asker,
    stream: { readonly send: (answer: Answer) => void; readonly fail: (error: unknown) => void },
  ) {
    this.#service = service
    this.#asker = asker
    this.#send = stream.send
    this.#fail = stream.fail
  }

  has(id: number): boolean {
    return this.#collections.has(id)
  }

  /** Whether letters may still be sent. */
  get active(): boolean {
    return [...this.#collections.values()].some((collection) => collection?.ended === false)
  }

  /** COLLECT, PROVE, GRANT, STOP. False: the request is none of these. @throws MailboxViolation */
  receive({ id, collect, prove, grant, stop }: Request): boolean {
    if (collect !== undefined) {
      this.#open(id, collect)
      return true
    }
    if (prove === undefined && grant === undefined && stop === undefined) {
      return false
    }
    if (!this.#collections.has(id)) {
      throw new MailboxViolation('unexpected-request', 'it belongs to no collection')
    }
    const collection = this.#collections.get(id)
    if (prove !== undefined) {
      collection?.prove(prove.signature)
    } else if (grant !== undefined) {
      collection?.grant(grant.bytes)
    } else {
      this.#collections.delete(id)
      collection?.stop()
    }
    return true
  }

  /** The stream is gone. */
  drop(): void {
    this.#dropped = true
    for (const collection of this.#collections.values()) {
      collection?.drop()
    }
    this.#collections.clear()
  }

  #open(id: number, collect: NonNullable<Request['collect']>): void {
    if (this.#collections.size >= COLLECTIONS_MAX_PER_STREAM) {
      throw new MailboxViolation('too-many-requests', 'too many collections on one stream')
    }
    if (this.#service === undefined) {
      this.#collections.set(id, undefined)
      this.#send({ id, ended: { reason: 'no-storage' } })
      return
    }
    const stream = {
      asker: this.#asker,
      window: this.#window,
      send: (outcome: Omit<Answer, 'id'>) => this.#send({ ...outcome, id }),
      fail: this.#fail,
    }
    const collection = new ServedCollection(this.#service, stream, collect)
    this.#collections.set(id, collection)
    if (this.#dropped) {
      // The challenge was one frame too many for a peer that does not read.
      this.drop()
    }
  }
}
