import type { NodeStatus } from '../../src/index.ts'
import type { CommandContext } from '../context.ts'
import { withNode } from '../control/with-node.ts'

/** `kabber status` */
export async function status(context: CommandContext): Promise<void> {
  await withNode(context, async (client) => {
    const status = await client.request<NodeStatus>('status')
    context.output.result(status, describe(status))
  })
}

function describe(status: NodeStatus): string {
  const accounts = status.accounts.flatMap((account) => [
    `address     ${account.address}`,
    `contacts    ${account.contacts}, ${account.linkedContacts} of them connected`,
    `outbox      ${count(account.outboxMessages, 'message')} waiting`,
    `record      kept by ${count(account.recordCustodians, 'custodian')}`,
  ])
  const refused = Object.entries(status.refused).map(([reason, times]) => `${reason} ${times}`)
  return [
    ...accounts,
    `peer id     ${status.peerId}`,
    `reachable   ${status.reachability}`,
    `peers       ${status.connectedPeers} connected`,
    `for others  ${count(status.recordsKept, 'account record')}`,
    ...(refused.length > 0 ? [`refused     ${refused.join(', ')}`] : []),
    ...status.addresses.map((address) => `listening   ${address}`),
  ].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
