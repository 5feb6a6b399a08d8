import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ProtocolViolation } from '../../../util/protocol-violation.ts'
import { decodeHolePunch, encodeHolePunch, type HolePunchType } from './hole-punch-message.ts'
import { MAX_DCUTR_MESSAGE_BYTES } from './punch-limits.ts'

/** One stream of `/libp2p/dcutr`. Both methods reject with the signal's reason as soon as it aborts. */
export interface DcutrChannel {
  send(type: HolePunchType, addresses?: readonly Multiaddr[]): Promise<void>
  /** The addresses of the next message. @throws ProtocolViolation if it is too long, malformed or of another type */
  receive(expected: HolePunchType): Promise<Multiaddr[]>
}

/** Speaks DCUtR's messages on a stream. */
export function dcutrChannel(stream: Stream, signal: AbortSignal): DcutrChannel {
  const messages = lpStream(stream, {
    maxDataLength: MAX_DCUTR_MESSAGE_BYTES,
    maxBufferSize: 2 * MAX_DCUTR_MESSAGE_BYTES,
  })
  return {
    send: (type, addresses) => messages.write(encodeHolePunch(type, addresses), { signal }),
    receive: async (expected) => {
      const message = await messages.read({ signal }).catch(rethrow)
      return decodeHolePunch(message.subarray(), expected)
    },
  }
}

/** What @libp2p/utils throws for a length prefix that cannot be. */
const LENGTH_ERRORS = ['InvalidMessageLengthError', 'InvalidDataLengthError', 'InvalidDataLengthLengthError']

function rethrow(error: Error): never {
  throw LENGTH_ERRORS.includes(error.name) ? new ProtocolViolation('too-long', error.message, { cause: error }) : error
}
