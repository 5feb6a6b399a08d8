import { EventLoop } from '../../sim/network/event-loop.ts'
import type { SimHost } from '../../sim/network/host.ts'
import type { LinkConditions } from '../../sim/network/links.ts'
import { SimNetwork } from '../../sim/network/network.ts'
import type { SocketEvents, TcpSocket } from '../../sim/network/tcp-socket.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'

/** Links of 50 ms that lose nothing and have no end of room. */
export const STEADY: LinkConditions = {
  latency: { law: 'constant', ms: 50 },
  jitterMs: 0,
  loss: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}

/** A network on a virtual clock of its own. */
export interface World {
  readonly loop: EventLoop
  readonly network: SimNetwork
}

export function world(conditions: Partial<LinkConditions> = {}, seed = 1): World {
  const loop = new EventLoop()
  return { loop, network: new SimNetwork(loop, { ...STEADY, ...conditions }, new SeededRandom(seed)) }
}

/** What happened to a socket, in words. */
export interface WatchedSocket {
  readonly log: string[]
  readonly chunks: Uint8Array[]
  bytes: number
  socket: TcpSocket | undefined
}

function watcher(): WatchedSocket & { readonly events: SocketEvents } {
  const watched: WatchedSocket & { readonly events: SocketEvents } = {
    log: [],
    chunks: [],
    bytes: 0,
    socket: undefined,
    events: {
      onConnect: () => watched.log.push('connect'),
      onData: (data) => {
        watched.chunks.push(data)
        watched.bytes += data.byteLength
      },
      onDrain: () => watched.log.push('drain'),
      onEnd: () => watched.log.push('end'),
      onClose: (error) => watched.log.push(error.code),
    },
  }
  return watched
}

/** Listens on `port` of every own address; the first connection is watched. */
export function listen(host: SimHost, port: number): WatchedSocket {
  const watched = watcher()
  host.listen(host.addresses[0]!, port, (socket) => {
    watched.log.push('accept')
    watched.socket = socket
    socket.attach(watched.events)
  })
  return watched
}

export function dial(host: SimHost, address: string, port: number, localPort?: number): WatchedSocket {
  const watched = watcher()
  watched.socket = host.connect({ address, port }, watched.events, { localPort })
  return watched
}
