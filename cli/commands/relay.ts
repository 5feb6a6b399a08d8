import { bootstrapAddresses } from '../bootstrap-addresses.ts'
import type { CommandContext } from '../context.ts'
import { findHome } from '../find-home.ts'
import { formatHostPort } from '../host-port.ts'
import { announceNote } from '../listen-addresses.ts'
import { readDoor } from '../node/client-options.ts'
import { exitOnBug } from '../node/exit-on-bug.ts'
import { lastStart, writeLastStart } from '../node/last-start.ts'
import { logNote } from '../node/log-note.ts'
import { type GivenNetworkOptions, readNetworkOptions } from '../node/network-options.ts'
import { openRelay, type RunningRelay } from '../node/open-relay.ts'
import { stopSignal } from '../node/stop-signal.ts'

/** Time for a relay to hand over what it keeps and to stop, milliseconds; then it is ended. */
const DRAIN_LIMIT_MS = 30_000

interface RelayOptions extends GivenNetworkOptions {
  readonly storage?: number
  readonly reservations: number
  readonly metrics?: string | boolean
}

/** `kabber relay`: a node for others on a machine with a public address. */
export async function relay(context: CommandContext, _args: readonly string[], options: RelayOptions): Promise<void> {
  const network = readNetworkOptions(options)
  const say = logNote(context.output, network)
  const metrics = readDoor('--metrics', options.metrics)
  const stopped = stopSignal(say, DRAIN_LIMIT_MS)
  exitOnBug(say)
  for (const note of network.announce.map(announceNote)) {
    if (note !== undefined) {
      say(note)
    }
  }
  const { storage, reservations } = options
  const home = findHome(context)
  const running = await openRelay(home, { ...network, storageBytes: storage, reservations, metrics })
  try {
    writeLastStart(home, lastStart(network, running, true))
    announce(context, running)
    await stopped
  } finally {
    await running.stop()
  }
}

function announce({ output }: CommandContext, { node, metrics }: RunningRelay): void {
  const { peerId } = node
  const addresses = bootstrapAddresses(node.status())
  output.result(
    { event: 'ready', peerId, addresses, metrics: metrics && formatHostPort(metrics) },
    [
      'The relay is running; Ctrl-C stops it.',
      `peer id    ${peerId}`,
      ...addresses.map((address) => `bootstrap  ${address}`),
      ...(metrics === undefined ? [] : [`metrics    http://${formatHostPort(metrics)}/metrics, /healthz`]),
      'Others join through it with: kabber start --bootstrap ADDRESS',
    ].join('\n'),
  )
}
