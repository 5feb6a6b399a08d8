import { hash } from 'node:crypto'
import { fromBase58, fromHex } from '../util/bytes.ts'

/**
 * Where a DHT key is in the space in which XOR distances are taken: its SHA-256, 32 bytes.
 * https://github.com/libp2p/specs/blob/master/kad-dht/README.md
 */
export function kadId(key: Uint8Array): Uint8Array {
  return fromHex(hash('sha256', key, 'hex'))
}

/** The same of a peer, whose key is the multihash in its PeerId. */
export function kadIdOfPeer(peerId: string): Uint8Array {
  return kadId(fromBase58(peerId))
}
