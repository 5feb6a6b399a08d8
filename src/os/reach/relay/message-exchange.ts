import type { Stream } from '@libp2p/interface'
import { type ByteStream, byteStream } from '@libp2p/utils'
import { concat } from 'uint8arrays/concat'
import type { ProtobufMessage } from '../../../util/protobuf.ts'
import { STREAM_WINDOW_BYTES } from '../../libp2p-limits.ts'
import { MESSAGE_MAX_BYTES } from './circuit-messages.ts'

/** Lengths are varints: seven bits a byte, the lowest first, 128 added while more follow. */
const VARINT_BASE = 128

/** Messages of the relay protocols on a stream that becomes a circuit afterwards. */
export class MessageExchange<Message> {
  readonly #bytes: ByteStream<Stream>
  readonly #message: ProtobufMessage<Message>

  constructor(stream: Stream, message: ProtobufMessage<Message>) {
    // The remote may send the first bytes of the circuit at once; they stay here until `unwrap`.
    this.#bytes = byteStream(stream, { maxBufferSize: STREAM_WINDOW_BYTES })
    this.#message = message
  }

  /** The next message; rejects when it is malformed or too long, the stream breaks or `signal` aborts. */
  async read(signal: AbortSignal): Promise<Message> {
    const low = await this.#byte(signal)
    // Two bytes say as much as a message may have; libp2p's own reader takes lengths of any length.
    const length = low < VARINT_BASE ? low : low - VARINT_BASE + VARINT_BASE * (await this.#byte(signal))
    if (length > MESSAGE_MAX_BYTES) {
      throw new Error('a relay message is too long')
    }
    return this.#message.decode(
      length === 0 ? new Uint8Array(0) : (await this.#bytes.read({ bytes: length, signal })).subarray(),
    )
  }

  async write(message: Message, signal: AbortSignal): Promise<void> {
    const bytes = this.#message.encode(message)
    const { length } = bytes
    const prefix =
      length < VARINT_BASE ? [length] : [VARINT_BASE + (length % VARINT_BASE), Math.floor(length / VARINT_BASE)]
    await this.#bytes.write(concat([Uint8Array.from(prefix), bytes]), { signal })
  }

  /** The stream itself, with what the remote sent behind its last message still to be read. */
  unwrap(): Stream {
    return this.#bytes.unwrap()
  }

  async #byte(signal: AbortSignal): Promise<number> {
    const [byte] = (await this.#bytes.read({ bytes: 1, signal })).subarray()
    if (byte === undefined) {
      throw new Error('a relay message ends too early')
    }
    return byte
  }
}
