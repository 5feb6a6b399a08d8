import { publicKeyFromPeerId } from './peer-id.ts'

/** Longest multiaddr in a record or contact URI; a relayed one with a long host name has about 200 characters. */
export const MULTIADDR_MAX_BYTES = 256

/** Slash-separated, printable ASCII, no empty part. */
const MULTIADDR_PATTERN = /^(?:\/[!-.0-~]+)+$/

/**
 * Whether a text has the outer form of a multiaddr. What the parts mean is the network's business: it knows its transports
 * and skips addresses it cannot use, so newer ones do no harm here.
 */
export function isMultiaddrText(text: string): boolean {
  return text.length <= MULTIADDR_MAX_BYTES && MULTIADDR_PATTERN.test(text)
}

/**
 * Takes `/ip4/…/tcp/…/p2p/12D3KooW…` apart into the PeerId at its end and the address before it (empty when there is
 * none); `undefined` when it does not end with an Ed25519 PeerId.
 */
export function splitPeerAddress(text: string): { readonly peerId: string; readonly address: string } | undefined {
  if (!isMultiaddrText(text)) {
    return undefined
  }
  const at = text.lastIndexOf('/p2p/')
  const peerId = text.slice(at + '/p2p/'.length)
  return at >= 0 && publicKeyFromPeerId(peerId) !== undefined ? { peerId, address: text.slice(0, at) } : undefined
}
