import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { privateKeyFromSeed } from '../../src/os/libp2p-identity.ts'
import type { PeerIdText } from '../../src/system/network.ts'

/** The PeerId of the Ed25519 key with this seed (32 bytes). */
export function peerIdFromSeed(seed: Uint8Array): PeerIdText {
  return peerIdFromPrivateKey(privateKeyFromSeed(seed)).toString()
}
