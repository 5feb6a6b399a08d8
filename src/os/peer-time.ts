import type { Clock } from '../system/clock.ts'
import type { Network, NetworkStream, PeerAddresses } from '../system/network.ts'

/** Answers every stream with the wall clock: 8 bytes, big-endian, milliseconds since the epoch (docs/protocol/time.md). */
const TIME_PROTOCOL = '/kabber/time/1.0.0'

/** Of an answer, bytes. */
const TIME_BYTES = 8

/** Streams one peer may have: whoever asks once has what there is. *ours* */
const TIME_STREAMS_MAX = 2

/** Tells peers what time it is here. A doctor asks; a node that runs well asks nobody. */
export function servePeerTime(network: Pick<Network, 'handle'>, clock: Pick<Clock, 'wallMs'>): void {
  const answer = async (stream: NetworkStream): Promise<void> => {
    const bytes = new Uint8Array(TIME_BYTES)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.round(clock.wallMs())))
    await stream.sink(one(bytes))
    await stream.close()
  }
  network.handle(TIME_PROTOCOL, answer, {
    maxInboundStreamsPerPeer: TIME_STREAMS_MAX,
    maxOutboundStreamsPerPeer: TIME_STREAMS_MAX,
  })
}

/**
 * How far a peer's clock is ahead of ours, milliseconds; true to half the time of its answer.
 *
 * @throws DialError, the signal's reason, or an error when it does not answer as it should
 */
export async function askPeerTime(
  network: Pick<Network, 'dial'>,
  clock: Pick<Clock, 'wallMs'>,
  peer: PeerAddresses,
  signal: AbortSignal,
): Promise<number> {
  const stream = await network.dial(peer, TIME_PROTOCOL, signal)
  const onAbort = (): void => stream.abort(new Error('the peer did not tell its time'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const askedMs = clock.wallMs()
    const bytes = await readAnswer(stream)
    const nowMs = clock.wallMs()
    const theirsMs = Number(new DataView(bytes.buffer).getBigUint64(0))
    return theirsMs - (askedMs + nowMs) / 2
  } finally {
    signal.removeEventListener('abort', onAbort)
    await stream.close()
  }
}

async function readAnswer({ source }: NetworkStream): Promise<Uint8Array> {
  const bytes = new Uint8Array(TIME_BYTES)
  let length = 0
  for await (const chunk of source) {
    if (length + chunk.byteLength > TIME_BYTES) {
      throw new Error('the peer told more than its time')
    }
    bytes.set(chunk, length)
    length += chunk.byteLength
  }
  if (length < TIME_BYTES) {
    throw new Error('the peer did not tell its time')
  }
  return bytes
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, unknown> {
  yield bytes
}
