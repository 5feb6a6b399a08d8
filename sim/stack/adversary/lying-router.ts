import { multiaddr } from '@multiformats/multiaddr'
import { kadId, kadIdOfPeer } from '../../../src/identity/kad-id.ts'
import { nearestFirst } from '../../../src/protocol/mailbox/placement.ts'
import type { Network, NetworkStream } from '../../../src/system/network.ts'
import { fromBase58 } from '../../../src/util/bytes.ts'
import { FrameChannel } from '../../../src/util/frame-channel.ts'
import { field, type ProtobufMessage, protobufMessage } from '../../../src/util/protobuf.ts'

const KAD_PROTOCOL = '/kabber/kad/1.0.0'
/** Kademlia's k. */
const CLOSEST = 20
const FIND_NODE = 4
const FRAME_MAX_BYTES = 64 * 1024
/** Open streams of one peer; honest nodes have one or two. */
const STREAMS_MAX = 32

/** Somebody whom a liar names. */
export interface Accomplice {
  readonly peerId: string
  /** A multiaddr without `/p2p/…`. */
  readonly address: string
}

const peerMessage = protobufMessage({
  id: field.bytes(1, { maxBytes: 128 }),
  multiaddrs: field.repeated(field.bytes(2, { maxBytes: 128 }), { maxItems: 1 }),
})

/** https://github.com/libp2p/specs/blob/master/kad-dht/README.md#rpc-messages */
const rpcMessage: ProtobufMessage<{
  type: number
  key: Uint8Array
  closer: { id: Uint8Array; multiaddrs: Uint8Array[] }[]
}> = protobufMessage({
  type: field.uint32(1),
  key: field.bytes(2, { maxBytes: 1024 }),
  closer: field.repeated(field.message(8, peerMessage), { maxItems: CLOSEST }),
})

/**
 * Answers every lookup with accomplices alone, the nearest to the key first. The node of `network` must be a client of the
 * DHT, so that nobody else answers there; others take it for a server because it has the protocol.
 */
export function lieAboutPeers(network: Pick<Network, 'handle'>, accomplices: () => readonly Accomplice[]): void {
  network.handle(KAD_PROTOCOL, (stream) => lie(stream, accomplices()), {
    maxInboundStreamsPerPeer: STREAMS_MAX,
    maxOutboundStreamsPerPeer: STREAMS_MAX,
  })
}

async function lie(stream: NetworkStream, accomplices: readonly Accomplice[]): Promise<void> {
  const channel = new FrameChannel(stream, { maxFrameBytes: FRAME_MAX_BYTES, maxQueuedBytes: FRAME_MAX_BYTES })
  await channel.run((frame) => {
    const { type, key } = rpcMessage.decode(frame)
    const known = accomplices.filter(({ peerId }) => peerId !== stream.peerId)
    const places = known.map((accomplice) => ({ ...accomplice, kadId: kadIdOfPeer(accomplice.peerId) }))
    const closer = nearestFirst(kadId(key), places)
      .slice(0, CLOSEST)
      .map(({ peerId, address }) => ({ id: fromBase58(peerId), multiaddrs: [multiaddr(address).bytes] }))
    channel.send(rpcMessage.encode({ type, key: new Uint8Array(), closer: type === FIND_NODE ? closer : [] }))
  })
  await channel.close()
}
