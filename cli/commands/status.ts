import type { NodeStatus } from '../../src/index.ts'
import { bootstrapAddresses } from '../bootstrap-addresses.ts'
import { formatByteSize } from '../byte-size.ts'
import { nodeStatus } from '../client/node-status.ts'
import { relayStatus } from '../client/running-status.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { findHome } from '../find-home.ts'

/** `kabber status` */
export async function status(context: CommandContext): Promise<void> {
  const relay = await relayStatus(findHome(context))
  if (relay !== undefined) {
    tell(context, relay)
    return
  }
  await withNode(context, async (client) => tell(context, await nodeStatus(client)))
}

function tell({ output }: CommandContext, told: NodeStatus): void {
  const status = { ...told, addresses: bootstrapAddresses(told) }
  output.result(status, describe(status))
}

function describe(status: NodeStatus): string {
  const accounts = status.accounts.flatMap((account) => [
    `address     ${account.address}`,
    `contacts    ${account.contacts}, ${account.linkedContacts} of them connected${relayedWords(account.links)}`,
    `outbox      ${count(account.outboxMessages, 'message')} waiting`,
    `record      kept by ${count(account.recordCustodians, 'custodian')}`,
    `mailbox     ${mailboxWords(account.mailbox)}`,
  ])
  const refused = Object.entries(status.refused).map(([reason, times]) => `${reason} ${times}`)
  return [
    ...accounts,
    `peer id     ${status.peerId}`,
    `reachable   ${reachWords(status)}`,
    `peers       ${status.connectedPeers} connected`,
    `for others  ${count(status.recordsKept, 'account record')}, ${letterWords(status.letters)}`,
    ...(refused.length > 0 ? [`refused     ${refused.join(', ')}`] : []),
    ...status.addresses.map((address) => `listening   ${address}`),
  ].join('\n')
}

function reachWords({ reachability, reach }: NodeStatus): string {
  const { relays, portMapping } = reach
  const ways = [
    ...(portMapping.state === 'mapped' ? ['over a port of the router'] : []),
    ...(relays.length > 0 ? [`through ${count(relays.length, 'relay')}`] : []),
  ]
  return ways.length === 0 ? reachability : `${reachability}; ${ways.join(', ')}`
}

function relayedWords(links: NodeStatus['accounts'][number]['links']): string {
  const relayed = links.filter(({ path }) => path === 'relayed').length
  return relayed === 0 ? '' : `, ${relayed} of these through a relay`
}

function mailboxWords({ custodians, followed, collected }: NodeStatus['accounts'][number]['mailbox']): string {
  return `at ${count(custodians, 'custodian')}, ${followed} followed; ${count(collected, 'letter')} collected`
}

function letterWords({ kept, bytes, mailboxes, limitBytes }: NodeStatus['letters']): string {
  if (limitBytes === 0) {
    return 'no letters (--storage 0)'
  }
  const where = mailboxes === 0 ? '' : ` in ${count(mailboxes, 'mailbox', 'mailboxes')}`
  return `${count(kept, 'letter')}${where}, ${formatByteSize(bytes)} of ${formatByteSize(limitBytes)}`
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}
