import type { Finding } from './finding.ts'
import type { BootstrapObservation, Observations } from './observations.ts'

/** Clocks that differ by less are told nothing of, milliseconds: networks are slow, and a minute harms nobody. */
const CLOCK_TOLERANCE_MS = 120_000

/** Beyond this others begin to refuse what this node signs, milliseconds. */
const CLOCK_ERROR_MS = 3_600_000

/** What the way into the network has to say: bootstrap nodes, names, firewalls on the way out, versions, clocks. */
export function bootstrapFindings(seen: Observations): readonly Finding[] {
  if (!seen.hasNetwork && !seen.bootstrap.some(({ tcp }) => tcp === 'open')) {
    return [
      {
        id: 'no-network',
        severity: 'error',
        text: 'This machine has no network address of its own: it is offline.',
        advice: 'Connect it to a network.',
      },
    ]
  }
  return [...nameFindings(seen), ...waysIn(seen), ...versionFindings(seen), ...clockFindings(seen)]
}

function nameFindings({ bootstrap }: Observations): readonly Finding[] {
  const nameless = hosts(bootstrap.filter(({ tcp }) => tcp === 'no-name'))
  if (nameless.length === 0) {
    return []
  }
  const isCutOff = !bootstrap.some(({ tcp }) => tcp === 'open')
  return [
    {
      id: 'dns-failure',
      severity: isCutOff ? 'error' : 'warning',
      text: `The name of ${list(nameless)} is not resolved: DNS does not answer, or the name is gone.`,
      advice: 'Check the DNS server of this machine (/etc/resolv.conf), or give bootstrap nodes by IP address.',
    },
  ]
}

/** Whether any bootstrap node can be connected to, and if not, whose fault it seems to be. */
function waysIn({ bootstrap, connectedPeers, isRelay }: Observations): readonly Finding[] {
  if (bootstrap.some(({ tcp, peer }) => tcp === 'open' && peer !== 'no-answer')) {
    return []
  }
  const severity = connectedPeers > 0 || (isRelay && bootstrap.length === 0) ? 'warning' : 'error'
  const tried = bootstrap.filter(({ tcp }) => tcp !== 'no-name')
  if (bootstrap.length > 0 && tried.length === 0) {
    return []
  }
  const unanswered = tried.filter(({ tcp }) => tcp === 'no-answer' || tcp === 'no-route')
  // One machine that refuses has nobody listening; several that all do have somebody in front of them.
  const seemsFiltered = unanswered.length > 0 || (tried.length > 1 && hosts(tried.filter(isRefused)).length > 1)
  if (seemsFiltered && connectedPeers === 0) {
    return [
      {
        id: 'firewall-out',
        severity,
        text: `Connections to ${list(hosts(tried))} come to nothing: a firewall here or on the way lets none out, or all these are off.`,
        advice: 'Let TCP connections out to these ports, or try from another network to see whose fault it is.',
      },
    ]
  }
  return [
    {
      id: 'no-bootstrap',
      severity,
      text:
        bootstrap.length === 0
          ? 'No bootstrap node is known: the node finds only the local network and the contacts whose addresses it has.'
          : `None of the bootstrap nodes is there: ${list(bootstrap.map(({ address }) => address))}.`,
      advice: 'Give the address of a node that runs: kabber start --bootstrap MULTIADDR (kabber relay prints its own).',
    },
  ]
}

function isRefused({ tcp }: BootstrapObservation): boolean {
  return tcp === 'refused'
}

function versionFindings({ bootstrap }: Observations): readonly Finding[] {
  const others = bootstrap.filter(({ peer }) => peer === 'wrong-version')
  if (others.length === 0) {
    return []
  }
  return [
    {
      id: 'version-mismatch',
      severity: bootstrap.some(({ peer }) => peer === 'ok') ? 'warning' : 'error',
      text: `The node at ${list(others.map(({ address }) => address))} speaks no version of Kabber's protocols that this program speaks.`,
      advice: 'Update kabber here or there: kabber --version.',
    },
  ]
}

/** The median of what peers tell: one that lies alone against two does no harm. */
function clockFindings({ bootstrap }: Observations): readonly Finding[] {
  const ahead = bootstrap.flatMap(({ clockAheadMs }) => clockAheadMs ?? []).sort((a, b) => a - b)
  const median = ahead[Math.floor((ahead.length - 1) / 2)]
  if (median === undefined || Math.abs(median) < CLOCK_TOLERANCE_MS) {
    return []
  }
  const peers = ahead.length === 1 ? 'the one node that was asked' : `${ahead.length} nodes that were asked`
  return [
    {
      id: 'wrong-clock',
      severity: Math.abs(median) >= CLOCK_ERROR_MS ? 'error' : 'warning',
      text: `The clock of this machine is ${duration(median)} ${median > 0 ? 'behind' : 'ahead of'} that of ${peers}; others may refuse what it signs.`,
      advice:
        'Set the clock, best by NTP: timedatectl set-ntp true. If it is right, another bootstrap node is the better one.',
    },
  ]
}

function duration(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  const [amount, unit] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 2_880
        ? [Math.round(minutes / 60), 'hour']
        : [Math.round(minutes / 1_440), 'day']
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

function hosts(bootstrap: readonly BootstrapObservation[]): readonly string[] {
  return [...new Set(bootstrap.map(({ host }) => host))]
}

function list(texts: readonly string[]): string {
  return texts.join(', ')
}
