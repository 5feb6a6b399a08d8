import type { NodeStatus } from '../src/index.ts'

/** Where a node listens, in the form that `--bootstrap` takes. */
export function bootstrapAddresses({ addresses, peerId }: Pick<NodeStatus, 'addresses' | 'peerId'>): readonly string[] {
  return addresses.map((address) => `${address}/p2p/${peerId}`)
}
