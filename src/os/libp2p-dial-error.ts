import { DialError, type DialFailure } from '../system/network.ts'

/** libp2p's error names and what they mean to a caller; all others mean that the peer could not be reached. */
const FAILURES: Readonly<Record<string, DialFailure>> = {
  NoValidAddressesError: 'no-addresses',
  DialDeniedError: 'no-addresses',
  UnsupportedProtocolError: 'unsupported-protocol',
  TooManyOutboundProtocolStreamsError: 'limit',
  NotStartedError: 'stopped',
}

/** The `DialError` for what libp2p threw when `protocol` was dialled at `peerId`. */
export function toDialError(error: unknown, peerId: string, protocol: string): DialError {
  if (error instanceof DialError) {
    return error
  }
  const { name, message } = error instanceof Error ? error : { name: '', message: 'it was cancelled' }
  const failure = message === 'Dial queue is full' ? 'limit' : (FAILURES[name] ?? 'unreachable')
  return new DialError(failure, `no stream of ${protocol} to ${peerId}: ${message}`, { cause: error })
}

/** True if the connection was gone although libp2p still listed it, so that a new one may do. */
export function isStaleConnection(error: unknown): boolean {
  return (
    error instanceof Error && ['ConnectionClosedError', 'MuxerClosedError', 'StreamStateError'].includes(error.name)
  )
}
