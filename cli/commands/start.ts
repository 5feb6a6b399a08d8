import type { Account } from '../../src/index.ts'
import { bootstrapAddresses } from '../bootstrap-addresses.ts'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findHome } from '../find-home.ts'
import { checkBootstrapAddress, checkListenAddress } from '../listen-addresses.ts'
import { endpointTexts } from '../node/client-doors.ts'
import { type GivenClientOptions, readClientOptions } from '../node/client-options.ts'
import { type EndpointTexts, writeEndpoints } from '../node/endpoints-file.ts'
import { openNode, type RunningNode } from '../node/open-node.ts'
import { stopSignal } from '../node/stop-signal.ts'
import { oneLine } from '../terminal-text.ts'
import { webChatUrl } from '../web-chat-url.ts'

interface StartOptions extends GivenClientOptions {
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly mdns: boolean
  readonly storage?: number
}

/** `kabber start [--listen MULTIADDR]… [--bootstrap MULTIADDR]… [--no-mdns] [--storage SIZE]` and options about clients */
export async function start(context: CommandContext, _args: readonly string[], options: StartOptions): Promise<void> {
  const listen = options.listen?.map(checkListenAddress)
  const bootstrap = (options.bootstrap ?? []).map(checkBootstrapAddress)
  const clients = readClientOptions(options)
  const stopped = stopSignal(context.output)
  exitOnBug(context.output)
  const { mdns, storage } = options
  const home = findHome(context)
  const running = await openNode(home, { listen, bootstrap, mdns, storageBytes: storage, clients })
  try {
    writeEndpoints(home, { ...endpointTexts(running.endpoints), certificate: running.certificate })
    announce(context, running)
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

function announce({ output }: CommandContext, { node, gateway, endpoints }: RunningNode): void {
  const [account] = node.accounts
  const { peerId } = node
  const addresses = bootstrapAddresses(node.status())
  const clients = endpointTexts(endpoints)
  const webChat = account && endpoints.web && webChatUrl(endpoints.web, gateway.webLogins.create(account.address).token)
  output.result(
    { event: 'ready', address: account?.address, peerId, addresses, clients },
    [
      'The node is running; Ctrl-C stops it.',
      ...(account === undefined ? [] : [`address    ${account.address}`]),
      `peer id    ${peerId}`,
      ...addresses.map((address) => `listening  ${address}`),
      ...clientLines(clients),
      ...(webChat ? [`web chat   ${webChat}  (once, within 5 minutes; another: kabber web)`] : []),
      'In another terminal, with the same home: kabber whoami, kabber contact add …, kabber chat …, kabber client add …',
    ].join('\n'),
  )
  for (const port of endpoints.taken) {
    output.note(`Note: port ${port} was taken by another program; clients find the port above instead.`)
  }
  for (const one of node.accounts) {
    tellEvents(output, one)
  }
}

function clientLines({ xmpp, xmpps }: EndpointTexts): readonly string[] {
  return [
    ...(xmpp === undefined ? [] : [`clients    ${xmpp} (XMPP, STARTTLS)`]),
    ...(xmpps === undefined ? [] : [`clients    ${xmpps} (XMPP, direct TLS)`]),
  ]
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
  return oneLine(account.rosterItem(jid)?.name ?? jid)
}
