import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../../system/clock.ts'
import type { Libp2pNode } from '../../libp2p-types.ts'
import { MEMBERSHIP_WAIT_MS } from './relay-limits.ts'

/** What all protocols of Kabber begin with. */
const KABBER_PROTOCOLS = '/kabber/'

/** What the peer store has of whoever has been identified. */
const IDENTIFIED = 'AgentVersion'

/** Whether a peer that speaks these protocols is a node of this network, for which alone others relay. */
export function isMember(protocols: readonly string[]): boolean {
  return protocols.some((protocol) => protocol.startsWith(KABBER_PROTOCOLS))
}

/** Whether `peer` is a member; waits a little for identify, which a new connection begins with. */
export async function awaitMembership(
  node: Pick<Libp2pNode, 'peerStore' | 'addEventListener' | 'removeEventListener'>,
  peer: PeerId,
  clock: Pick<Clock, 'schedule'>,
): Promise<boolean> {
  const known = await node.peerStore.get(peer).catch(() => undefined)
  const member = isMember(known?.protocols ?? [])
  if (member || known?.metadata.has(IDENTIFIED)) {
    return member
  }
  return await new Promise((resolve) => {
    const onIdentify = ({ detail }: { detail: { peerId: PeerId; protocols: string[] } }): void => {
      if (detail.peerId.equals(peer)) {
        settle(isMember(detail.protocols))
      }
    }
    const timer = clock.schedule(MEMBERSHIP_WAIT_MS, () => settle(false))
    const settle = (member: boolean): void => {
      timer.cancel()
      node.removeEventListener('peer:identify', onIdentify)
      resolve(member)
    }
    node.addEventListener('peer:identify', onIdentify)
  })
}
