import type { Account } from '../../src/index.ts'
import { bootstrapAddresses } from '../bootstrap-addresses.ts'
import type { CommandContext } from '../context.ts'
import { findHome } from '../find-home.ts'
import { formatHostPort } from '../host-port.ts'
import { announceNote } from '../listen-addresses.ts'
import { endpointTexts } from '../node/client-doors.ts'
import { type GivenClientOptions, readClientOptions, readDoor } from '../node/client-options.ts'
import { type EndpointTexts, writeEndpoints } from '../node/endpoints-file.ts'
import { exitOnBug } from '../node/exit-on-bug.ts'
import { lastStart, writeLastStart } from '../node/last-start.ts'
import { logNote } from '../node/log-note.ts'
import { type GivenNetworkOptions, readNetworkOptions } from '../node/network-options.ts'
import { openNode, type RunningNode } from '../node/open-node.ts'
import { stopSignal } from '../node/stop-signal.ts'
import { oneLine } from '../terminal-text.ts'
import { webChatUrl } from '../web-chat-url.ts'

interface StartOptions extends GivenClientOptions, GivenNetworkOptions {
  readonly mdns: boolean
  readonly storage?: number
  readonly metrics?: string
}

/** `kabber start`: the node of an account, with its doors for clients. */
export async function start(context: CommandContext, _args: readonly string[], options: StartOptions): Promise<void> {
  const network = readNetworkOptions(options)
  const say = logNote(context.output, network)
  const clients = readClientOptions(options)
  const metrics = readDoor('--metrics', options.metrics ?? false)
  const stopped = stopSignal(say)
  exitOnBug(say)
  for (const note of network.announce.map(announceNote)) {
    if (note !== undefined) {
      say(note)
    }
  }
  const { mdns, storage } = options
  const home = findHome(context)
  const running = await openNode(home, { ...network, mdns, storageBytes: storage, clients, metrics })
  try {
    writeEndpoints(home, { ...endpointTexts(running.endpoints), certificate: running.certificate })
    writeLastStart(home, lastStart(network, running, false))
    announce(context, running)
    await stopped
  } finally {
    await running.stop()
  }
}

function announce({ output }: CommandContext, { node, gateway, endpoints, metrics }: RunningNode): void {
  const [account] = node.accounts
  const { peerId } = node
  const addresses = bootstrapAddresses(node.status())
  const clients = endpointTexts(endpoints)
  const webChat = account && endpoints.web && webChatUrl(endpoints.web, gateway.webLogins.create(account.address).token)
  output.result(
    {
      event: 'ready',
      address: account?.address,
      peerId,
      addresses,
      clients,
      metrics: metrics && formatHostPort(metrics),
    },
    [
      'The node is running; Ctrl-C stops it.',
      ...(account === undefined ? [] : [`address    ${account.address}`]),
      `peer id    ${peerId}`,
      ...addresses.map((address) => `listening  ${address}`),
      ...clientLines(clients),
      ...(webChat ? [`web chat   ${webChat}  (once, within 5 minutes; another: kabber web)`] : []),
      ...(metrics === undefined ? [] : [`metrics    http://${formatHostPort(metrics)}/metrics, /healthz`]),
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
