import type { NodeStatus } from '../../../src/node/api.ts'
import type { NodeHome } from '../node-home.ts'
import type { ViolationLog } from '../violation-log.ts'

/** Bounds that docs/LIMITS.md promises of a node, as far as its status tells. */
const MAX_CONNECTED_PEERS = 256
const MAX_OUTBOX_MESSAGES_PER_RECIPIENT = 10_000

/** No queue of a node is longer than its bound. */
export function checkBounds(home: NodeHome, status: NodeStatus, violations: ViolationLog): void {
  const check = (what: string, value: number, limit: number): void => {
    if (value > limit) {
      violations.add('bounds-kept', `node ${home.index}: ${what} is ${value}, more than ${limit}`)
    }
  }
  check('connected peers', status.connectedPeers, MAX_CONNECTED_PEERS)
  check('bytes of letters', status.letters.bytes, status.letters.limitBytes)
  for (const { contacts, outboxMessages } of status.accounts) {
    check('messages in the outbox', outboxMessages, MAX_OUTBOX_MESSAGES_PER_RECIPIENT * Math.max(1, contacts))
  }
}
