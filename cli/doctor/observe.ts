import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import type { NodeStatus } from '../../src/index.ts'
import { ProbeNetwork } from '../../src/os/probe-network.ts'
import { readRunningStatus } from '../client/running-status.ts'
import type { Home } from '../find-home.ts'
import { tryListen } from '../listen-addresses.ts'
import { type LastStart, readLastStart } from '../node/last-start.ts'
import { checkHome } from './home-check.ts'
import type { BootstrapObservation, Observations } from './observations.ts'
import { checkTcp } from './tcp-check.ts'

/** Bootstrap addresses that are tried; more tell nothing more. */
const MAX_BOOTSTRAP_CHECKED = 8

/** How long a trial node may take to find out how it is reached. */
const TRIAL_LIMIT_MS = 12_000

/** The same where nobody is there to ask: a router may still answer. */
const ALONE_LIMIT_MS = 3_000

/** Where a node listens when nothing is known of it. */
const ANY_PORT = ['/ip4/0.0.0.0/tcp/0']

/** What the command line says; else it is as at the last start of the home. */
export interface ObserveOptions {
  readonly listen: readonly string[] | undefined
  readonly bootstrap: readonly string[] | undefined
}

/** Looks at everything the doctor judges by: asks the running node, or tries as a node would where none runs. */
export async function observe(home: Home, options: ObserveOptions): Promise<Observations> {
  const last = readLastStart(home)
  const addresses = (options.bootstrap ?? last?.bootstrap ?? []).slice(0, MAX_BOOTSTRAP_CHECKED)
  const running = await readRunningStatus(home)
  const listen = listenOf(options, last)
  const takenPorts = running.node === 'not-running' ? await takenOf(listen) : []
  const isTaken = (address: string): boolean => takenPorts.some((taken) => taken.address === address)
  // Without any address of its own a trial would see itself behind a NAT.
  const trialListen = listen.addresses.map((one) => (isTaken(one) ? one.replace(/\/tcp\/\d+$/, '/tcp/0') : one))
  const network = new ProbeNetwork({
    bootstrap: addresses,
    listen: running.node === 'not-running' ? trialListen : undefined,
  })
  const isUp = await network.start().then(
    () => true,
    () => false,
  )
  try {
    const bootstrap = await Promise.all(addresses.map((address) => checkBootstrap(address, isUp ? network : undefined)))
    return {
      home: checkHome(home),
      node: running.node,
      isRelay: last?.isRelay ?? false,
      ...(await reachOf(running.status, isUp ? network : undefined, bootstrap)),
      takenPorts,
      hasNetwork: hasNetwork(),
      bootstrap,
    }
  } finally {
    await network.stop().catch(() => {})
  }
}

async function reachOf(
  status: NodeStatus | undefined,
  trial: ProbeNetwork | undefined,
  bootstrap: readonly BootstrapObservation[],
): Promise<Pick<Observations, 'reach' | 'connectedPeers'>> {
  if (status !== undefined) {
    return { reach: status.reach, connectedPeers: status.connectedPeers }
  }
  const limitMs = bootstrap.some(({ peer }) => peer === 'ok') ? TRIAL_LIMIT_MS : ALONE_LIMIT_MS
  return (await trial?.reach(limitMs)) ?? { reach: undefined, connectedPeers: 0 }
}

interface Listen {
  readonly addresses: readonly string[]
  readonly isAsked: boolean
}

function listenOf({ listen }: ObserveOptions, last: LastStart | undefined): Listen {
  return listen === undefined
    ? { addresses: last?.listen ?? ANY_PORT, isAsked: last?.isListenAsked ?? false }
    : { addresses: listen, isAsked: true }
}

async function takenOf({ addresses, isAsked }: Listen): Promise<Observations['takenPorts']> {
  const tried = await Promise.all(
    addresses.map(async (address) => {
      const { host, port } = hostPortOf(address)
      const failure = port === 0 ? undefined : await tryListen(host, port)
      return failure === 'EADDRINUSE' ? [{ address, isAsked }] : []
    }),
  )
  return tried.flat()
}

async function checkBootstrap(address: string, network: ProbeNetwork | undefined): Promise<BootstrapObservation> {
  const { host, port } = hostPortOf(address)
  const tcp = await checkTcp(host, port)
  if (tcp !== 'open' || network === undefined) {
    return { address, host, tcp, peer: undefined, clockAheadMs: undefined }
  }
  const probe = await network.probe(address)
  return {
    address,
    host,
    tcp,
    peer: probe.outcome,
    clockAheadMs: probe.outcome === 'ok' ? probe.clockAheadMs : undefined,
  }
}

function hostPortOf(address: string): { readonly host: string; readonly port: number } {
  const [first, second] = multiaddr(address).getComponents()
  return { host: first?.value ?? '', port: Number(second?.value ?? 0) }
}

function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal))
}
