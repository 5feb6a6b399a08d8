import type { NatBehaviour } from '../scenario/scenario.ts'
import type { Endpoint, PacketKind } from './packet.ts'

/** How long a TCP flow is remembered after an RST, at most (Linux: `nf_conntrack_tcp_timeout_close`). */
const TCP_RESET_LINGER_MS = 10_000
/** A UDP flow younger than this is not yet a stream, whatever was answered (Linux: nf_conntrack_proto_udp.c). */
const UDP_STREAM_AGE_MS = 2_000

/** An inside endpoint and the outside endpoint that stands for it (RFC 4787 §4.1). */
export interface NatMapping {
  /** `t` (TCP) or `u` (UDP), then what the mapping depends on. */
  readonly key: string
  readonly internal: Endpoint
  readonly external: Endpoint
  /** What lives on it; without any it is gone. */
  readonly flows: Set<NatFlow>
  /** Mapped on request until then; everybody may send to it. */
  requestedUntilMs: number
}

/** One 5-tuple through the box: Linux calls it a connection (RFC 5382 §4: TCP states as the box tracks them). */
export interface NatFlow {
  /** Undefined: the box itself answered this one (`poison`). */
  readonly mapping: NatMapping | undefined
  readonly insideKey: string
  readonly outsideKey: string
  readonly external: Endpoint
  readonly remote: Endpoint
  readonly isTcp: boolean
  readonly sinceMs: number
  state: 'opening' | 'established' | 'closing' | 'reset'
  /** A packet went out, a packet came in. */
  sawOut: boolean
  sawIn: boolean
  finOut: boolean
  finIn: boolean
  expiresMs: number
}

/** Notes a packet on its flow: TCP state (RFC 5382 §5) and when the flow is forgotten. */
export function trackPacket(
  flow: NatFlow,
  kind: PacketKind,
  direction: 'out' | 'in',
  behaviour: NatBehaviour,
  nowMs: number,
): void {
  const isReply = direction === 'out' ? flow.sawIn : flow.sawOut
  const isFirstAnswer = isReply && !(direction === 'out' ? flow.sawOut : flow.sawIn)
  if (direction === 'out') {
    flow.sawOut = true
  } else {
    flow.sawIn = true
  }
  if (!flow.isTcp) {
    if (direction === 'out' || behaviour.udpInboundRefresh !== false) {
      flow.expiresMs = nowMs + udpLifetimeMs(flow, behaviour, nowMs)
    }
    return
  }
  advanceTcp(flow, kind, direction, isReply)
  // Linux forgets a connection whose only answer is an RST (nf_conntrack_proto_tcp.c).
  const isRefused = kind === 'rst' && isFirstAnswer
  flow.expiresMs = isRefused ? nowMs : nowMs + tcpLifetimeMs(flow, behaviour)
}

function advanceTcp(flow: NatFlow, kind: PacketKind, direction: 'out' | 'in', isReply: boolean): void {
  if (kind === 'rst') {
    flow.state = 'reset'
  } else if (kind === 'syn') {
    if (flow.state !== 'established') {
      reopen(flow)
    }
  } else if (kind === 'fin') {
    flow.finOut ||= direction === 'out'
    flow.finIn ||= direction === 'in'
    flow.state = 'closing'
  } else if (kind === 'ack' && flow.state === 'opening' && isReply) {
    flow.state = 'established'
  }
}

/** A SYN on a flow that was ending begins it anew. */
function reopen(flow: NatFlow): void {
  flow.state = 'opening'
  flow.finOut = false
  flow.finIn = false
}

function udpLifetimeMs(flow: NatFlow, behaviour: NatBehaviour, nowMs: number): number {
  const isStream = flow.sawIn && flow.sawOut && nowMs - flow.sinceMs > UDP_STREAM_AGE_MS
  return isStream ? behaviour.udpIdleMs : (behaviour.udpUnansweredMs ?? behaviour.udpIdleMs)
}

function tcpLifetimeMs(flow: NatFlow, behaviour: NatBehaviour): number {
  switch (flow.state) {
    case 'established':
      return behaviour.tcpIdleMs
    case 'opening':
    case 'closing':
      // RFC 5382 REQ-5: one transitory timeout for partially open and partially closed connections.
      return behaviour.tcpOpeningMs
    case 'reset':
      return Math.min(behaviour.tcpOpeningMs, TCP_RESET_LINGER_MS)
  }
}
