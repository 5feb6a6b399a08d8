import type { Finding } from './finding.ts'
import type { Observations } from './observations.ts'

/** How others reach this node. */
export type Reached = 'direct' | 'mapped' | 'punched' | 'relayed' | 'not-at-all' | 'unknown'

/** The sentence for each way. */
export const REACHED_WORDS: Readonly<Record<Reached, string>> = {
  direct: 'Others can reach this node directly.',
  mapped: 'Others can reach this node directly, through a port that the router has opened.',
  punched: 'Others reach this node through a relay first, then mostly directly, by punching a hole through the NAT.',
  relayed: 'Others reach this node through a relay.',
  'not-at-all': 'Others cannot reach this node.',
  unknown: 'It is not known yet whether others can reach this node.',
}

/** How others reach this node, as far as it can be seen from here. */
export function reachedBy({ reach, connectedPeers, isRelay, node }: Observations): Reached {
  if (node === 'no-answer') {
    return 'unknown'
  }
  if (reach === undefined) {
    return 'not-at-all'
  }
  const { reachability, portMapping, relays, mapping, punches } = reach
  if (reachability === 'public') {
    return portMapping.state === 'mapped' ? 'mapped' : 'direct'
  }
  if (relays.length > 0) {
    return mapping === 'endpoint-independent' || punches.succeeded > 0 ? 'punched' : 'relayed'
  }
  // The first relay of a network waits for those who can tell.
  if (reachability === 'unknown' && (connectedPeers > 0 || (isRelay && node === 'running'))) {
    return 'unknown'
  }
  return 'not-at-all'
}

/** What stands between this node and those who want to reach it: nobody there, NAT, router, relays. */
export function reachFindings(seen: Observations): readonly Finding[] {
  const { reach, node } = seen
  if (reach === undefined || node === 'no-answer') {
    return []
  }
  return [...aloneFindings(seen), ...(isShutIn(reach) ? [...natFindings(reach), ...relayFindings(reach)] : [])]
}

type Reach = NonNullable<Observations['reach']>

/** Known to be private, or seen behind a NAT that has opened no port. */
function isShutIn({ reachability, mapping, portMapping }: Reach): boolean {
  const isBehindNat = mapping === 'endpoint-independent' || mapping === 'endpoint-dependent'
  return reachability === 'private' || (reachability === 'unknown' && isBehindNat && portMapping.state !== 'mapped')
}

function aloneFindings({ connectedPeers, isRelay, node }: Observations): readonly Finding[] {
  if (connectedPeers > 0) {
    return []
  }
  return [
    {
      id: 'dht-alone',
      severity: isRelay && node === 'running' ? 'warning' : 'error',
      text: isRelay
        ? 'The relay is connected to nobody: it is the first of its network, or nobody has come yet.'
        : 'The node is connected to nobody: it can look nothing up in the DHT, and nobody keeps letters for it.',
      advice: 'Give it a bootstrap node that runs (--bootstrap), or wait for others if this is the first node of all.',
    },
  ]
}

function natFindings({ mapping, portMapping, relays }: Reach): readonly Finding[] {
  const severity = relays.length > 0 ? 'warning' : 'error'
  const still = relays.length > 0 ? ' Relays carry what comes.' : ''
  if (portMapping.state === 'refused') {
    const reason = portMapping.reason === undefined ? '' : ` (${portMapping.reason})`
    return [
      {
        id: 'upnp-refused',
        severity,
        text: `The router was asked to open a port and refused${reason}.${still}`,
        advice: 'Allow UPnP or NAT-PMP in the router, or forward a port by hand and tell it with --announce.',
      },
    ]
  }
  if (mapping === 'none') {
    return [
      {
        id: 'firewall-in',
        severity,
        text: `This machine has a public address, but a firewall lets nobody in.${still}`,
        advice: "Let TCP in to the node's port (kabber status shows it), in the machine's firewall and the provider's.",
      },
    ]
  }
  if (portMapping.state === 'mapped') {
    return [
      {
        id: 'nat-without-mapping',
        severity,
        text: `The router has opened a port, but others do not get through: there is a second NAT behind it.${still}`,
        advice: 'Ask the provider for a public address; until then relays are the way.',
      },
    ]
  }
  return [
    {
      id: 'nat-without-mapping',
      severity,
      text: `This node is behind a NAT, and no router opens a port for it (UPnP, NAT-PMP).${still}`,
      advice: 'Forward a TCP port in the router and tell it with --announce, or switch UPnP on there.',
    },
  ]
}

const REFUSAL_WORDS: Readonly<Record<NonNullable<Reach['relayRefusal']>, string>> = {
  full: 'gave no reservation: it is full',
  refused: 'gave no reservation: it refused',
  'no-relay': 'relays no more',
  unreachable: 'could not be reached, or did not answer in time; it is asked again',
}

function relayFindings({ relays, relayRefusal }: Reach): readonly Finding[] {
  if (relayRefusal === undefined) {
    return []
  }
  const isTold = relayRefusal === 'full' || relayRefusal === 'refused'
  return [
    {
      id: isTold ? 'relay-full' : 'relay-silent',
      severity: relays.length > 0 ? 'warning' : 'error',
      text: `The last relay that was asked ${REFUSAL_WORDS[relayRefusal]}.`,
      advice: 'Give a further bootstrap node that relays (--bootstrap), or run one: kabber relay.',
    },
  ]
}
