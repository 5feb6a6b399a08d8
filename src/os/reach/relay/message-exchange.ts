import type { Stream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import type { ProtobufMessage } from '../../../util/protobuf.ts'
import { MESSAGE_MAX_BYTES } from './circuit-messages.ts'

/** Messages of the relay protocols on a stream that becomes a circuit afterwards. */
export class MessageExchange<Message> {
  readonly #stream: LengthPrefixedStream<Stream>
  readonly #message: ProtobufMessage<Message>

  constructor(stream: Stream, message: ProtobufMessage<Message>) {
    // The remote may send the first bytes of the circuit at once; they stay here until `unwrap`.
    this.#stream = lpStream(stream, { maxDataLength: MESSAGE_MAX_BYTES })
    this.#message = message
  }

  /** The next message; rejects when it is malformed or too long, the stream breaks or `signal` aborts. */
  async read(signal: AbortSignal): Promise<Message> {
    return this.#message.decode((await this.#stream.read({ signal })).subarray())
  }

  async write(message: Message, signal: AbortSignal): Promise<void> {
    await this.#stream.write(this.#message.encode(message), { signal })
  }

  /** The stream itself, with what the remote sent behind its last message still to be read. */
  unwrap(): Stream {
    return this.#stream.unwrap()
  }
}
