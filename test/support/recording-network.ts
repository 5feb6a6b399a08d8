import type { Network, NetworkStream } from '../../src/system/network.ts'

/** What went over one stream, as bytes in the order written, chunks joined later. */
export interface RecordedStream {
  readonly protocol: string
  /** From the side that opened the stream. */
  readonly asked: Uint8Array[]
  /** From the side that accepted it. */
  readonly answered: Uint8Array[]
}

/** The same network, which notes every byte of the streams of `protocol` that are opened through it. */
export function recordingNetwork(network: Network, protocol: string, streams: RecordedStream[]): Network {
  return {
    peerId: network.peerId,
    start: () => network.start(),
    stop: () => network.stop(),
    dial: async (peer, asked, signal) => {
      const stream = await network.dial(peer, asked, signal)
      if (asked !== protocol) {
        return stream
      }
      const recorded: RecordedStream = { protocol, asked: [], answered: [] }
      streams.push(recorded)
      return recordingStream(stream, recorded)
    },
    handle: (handled, handler, limits) => network.handle(handled, handler, limits),
    closestPeers: (key, count, signal) => network.closestPeers(key, count, signal),
    addresses: () => network.addresses(),
    reachability: () => network.reachability(),
    reach: () => network.reach(),
    path: (peerId) => network.path(peerId),
    connectedPeers: () => network.connectedPeers(),
    remoteAddresses: (peerId) => network.remoteAddresses(peerId),
    subscribe: (listener) => network.subscribe(listener),
  }
}

function recordingStream(stream: NetworkStream, { asked, answered }: RecordedStream): NetworkStream {
  async function* noting(source: AsyncIterable<Uint8Array>, into: Uint8Array[]): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      into.push(chunk.slice())
      yield chunk
    }
  }
  return {
    peerId: stream.peerId,
    direction: stream.direction,
    path: stream.path,
    source: noting(stream.source, answered),
    sink: (source) => stream.sink(noting(source, asked)),
    close: () => stream.close(),
    abort: (reason) => stream.abort(reason),
  }
}
