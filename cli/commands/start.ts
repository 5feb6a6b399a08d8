import type { Account, KabberNode } from '../../src/index.ts'
import type { CommandContext } from '../context.ts'
import { bootstrapAddresses } from '../control/views.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findHome } from '../find-home.ts'
import { checkBootstrapAddress, checkListenAddress } from '../listen-addresses.ts'
import { openNode } from '../node/open-node.ts'
import { stopSignal } from '../node/stop-signal.ts'
import { oneLine } from '../terminal-text.ts'

/** `kabber start [--listen MULTIADDR]… [--bootstrap MULTIADDR]… [--no-mdns] [--storage SIZE]` */
export async function start(
  context: CommandContext,
  _args: readonly string[],
  options: { listen?: readonly string[]; bootstrap?: readonly string[]; mdns: boolean; storage?: number },
): Promise<void> {
  const listen = options.listen?.map(checkListenAddress)
  const bootstrap = (options.bootstrap ?? []).map(checkBootstrapAddress)
  const stopped = stopSignal(context.output)
  exitOnBug(context.output)
  const { mdns, storage } = options
  const running = await openNode(findHome(context), { listen, bootstrap, mdns, storageBytes: storage })
  try {
    announce(context, running.node)
    await stopped
  } finally {
    await running.stop()
  }
}

/** A bug ends the node: what it acknowledged is on disk, and a fresh start is safer than a state nobody foresaw. */
function exitOnBug(output: CommandContext['output']): void {
  process.on('uncaughtException', (error) => {
    const hint = process.env.KABBER_LOG === 'debug' ? `\n${error.stack}` : '; KABBER_LOG=debug shows where'
    output.note(`kabber: the node failed and was ended: ${oneLine(error.message)}${hint}`)
    process.exit(EXIT_CODES.failed)
  })
}

function announce({ output }: CommandContext, node: KabberNode): void {
  const [account] = node.accounts
  const { peerId } = node
  const addresses = bootstrapAddresses(node)
  output.result(
    { event: 'ready', address: account?.address, peerId, addresses },
    [
      'The node is running; Ctrl-C stops it.',
      ...(account === undefined ? [] : [`address    ${account.address}`]),
      `peer id    ${peerId}`,
      ...addresses.map((address) => `listening  ${address}`),
      'In another terminal, with the same home: kabber whoami, kabber contact add …, kabber chat …',
    ].join('\n'),
  )
  if (account !== undefined) {
    tellEvents(output, account)
  }
}

/** That something came, never what: the terminal of a node may be anybody's to read. */
function tellEvents(output: CommandContext['output'], account: Account): void {
  account.subscribe((event) => {
    if (event.type === 'message' && event.message.direction === 'in') {
      const { id, peer } = event.message
      output.event({ event: 'message', id, from: peer }, `message from ${nameOf(account, peer)}`)
    } else if (event.type === 'roster' && event.entry.pendingIn) {
      const from = event.entry.jid
      output.event(
        { event: 'contact-request', from },
        `${from} asks to see when you are there; to allow it: kabber contact accept ${from}`,
      )
    }
  })
}

function nameOf(account: Account, jid: string): string {
  return oneLine(account.roster().find((entry) => entry.jid === jid)?.name ?? jid)
}
