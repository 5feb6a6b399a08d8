import type { Connection, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import type { Random } from '../../../system/random.ts'
import { isPublicAddress } from '../../libp2p-addresses.ts'
import {
  AutonatStream,
  autonatMessage,
  DIAL_REQUEST_PROTOCOL,
  DIAL_STATUS,
  dialBack,
  dialBackResponse,
  RESPONSE_STATUS,
} from './autonat-messages.ts'

/** A question as a whole: the other side may need its time to dial into nothing. */
const QUESTION_TIMEOUT_MS = 15_000
/** A dial-back, from the stream to its answer. */
const DIAL_BACK_TIMEOUT_MS = 5_000
const NONCE_BYTES = 8

/** What a peer found: it dialled the address, it could not, or it says nothing about it. */
export type DialBackAnswer = 'reached' | 'unreached' | 'refused'

/** Asks peers to dial this node (AutoNAT v2, client) and believes them only when they have. */
export class DialBackClient {
  readonly #clock: Pick<Clock, 'timeoutSignal'>
  readonly #random: Pick<Random, 'bytes'>
  /** Nonce of each open question → the connection it was asked on, and whether the nonce has come back. */
  readonly #questions = new Map<bigint, { readonly asked: Connection; returned: boolean }>()

  constructor(components: { readonly clock: Pick<Clock, 'timeoutSignal'>; readonly random: Pick<Random, 'bytes'> }) {
    this.#clock = components.clock
    this.#random = components.random
  }

  /** Asks the peer of `connection` to dial `address`. Its word counts for a failure; for a success its nonce must come too. */
  async ask(connection: Connection, address: Multiaddr, signal: AbortSignal): Promise<DialBackAnswer> {
    const bounded = AbortSignal.any([signal, this.#clock.timeoutSignal(QUESTION_TIMEOUT_MS)])
    const nonce = new DataView(this.#random.bytes(NONCE_BYTES).buffer).getBigUint64(0)
    const question = { asked: connection, returned: false }
    this.#questions.set(nonce, question)
    let stream: Stream | undefined
    try {
      stream = await connection.newStream(DIAL_REQUEST_PROTOCOL, { signal: bounded })
      const messages = new AutonatStream(stream)
      await messages.write(autonatMessage, { dialRequest: { addrs: [address.bytes], nonce } }, bounded)
      const { dialResponse } = await messages.read(autonatMessage, bounded)
      await stream.close({ signal: bounded })
      // Who wants data before it dials is asked about no address but that at which it sees us; so this is no answer.
      if (dialResponse?.status !== RESPONSE_STATUS.ok || dialResponse.addrIdx !== 0) {
        return 'refused'
      }
      if (dialResponse.dialStatus === DIAL_STATUS.dialError) {
        return 'unreached'
      }
      return question.returned ? 'reached' : 'refused'
    } catch (error) {
      stream?.abort(error instanceof Error ? error : new Error('the question was ended'))
      return 'refused'
    } finally {
      this.#questions.delete(nonce)
    }
  }

  /** Serves a dial-back stream: the nonce must have been given, and come from outside on another connection. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const signal = this.#clock.timeoutSignal(DIAL_BACK_TIMEOUT_MS)
    try {
      const messages = new AutonatStream(stream)
      const { nonce } = await messages.read(dialBack, signal)
      const question = this.#questions.get(nonce)
      const isFromOutside = connection.direction === 'inbound' && isPublicAddress(connection.remoteAddr)
      if (question === undefined || !isFromOutside || question.asked.id === connection.id) {
        throw new Error('nobody was asked to dial back here')
      }
      question.returned = true
      await messages.write(dialBackResponse, { status: 0 }, signal)
      await stream.close({ signal })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('malformed dial-back'))
    }
  }
}
