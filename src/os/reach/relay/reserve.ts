import type { Connection } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { RelayRefusal } from '../../../system/network.ts'
import { isAbsurdAddress, isPublicAddress, isRelayedAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import { HOP_PROTOCOL, HOP_TYPE, hopMessage, STATUS } from './circuit-messages.ts'
import { MessageExchange } from './message-exchange.ts'
import { ADDRESSES_MAX_PER_RELAY, CIRCUITS_MAX_PER_PEER } from './relay-limits.ts'

/** The longest address that an account record takes. */
const CIRCUIT_ADDRESS_MAX_BYTES = 256

/** What a relay gave: until when, by its clock, and under which addresses others find us there. */
export interface GivenReservation {
  /** Milliseconds since the epoch; clocks may differ. */
  readonly expiresMs: number
  /** `…/p2p/<relay>/p2p-circuit`, at least one. */
  readonly addresses: readonly Multiaddr[]
}

/** A relay that answers, and gives no reservation. */
export class RelayRefusedError extends Error {
  override readonly name = 'RelayRefusedError'
  readonly refusal: Extract<RelayRefusal, 'full' | 'refused'>

  constructor(refusal: 'full' | 'refused', status: number | undefined) {
    super(`the relay answered with status ${status}`)
    this.refusal = refusal
  }
}

/** Asks the relay at the other end of `connection` for a reservation, or to renew it; throws `RelayRefusedError` or what libp2p throws. */
export async function reserve(connection: Connection, signal: AbortSignal): Promise<GivenReservation> {
  const stream = await connection.newStream(HOP_PROTOCOL, { signal, maxOutboundStreams: CIRCUITS_MAX_PER_PEER })
  try {
    const exchange = new MessageExchange(stream, hopMessage)
    await exchange.write({ type: HOP_TYPE.reserve }, signal)
    const { type, status, reservation } = await exchange.read(signal)
    await stream.close({ signal })
    if (type !== HOP_TYPE.status || status !== STATUS.ok || reservation === undefined) {
      const full = status === STATUS.reservationRefused || status === STATUS.resourceLimitExceeded
      throw new RelayRefusedError(full ? 'full' : 'refused', status)
    }
    const addresses = circuitAddresses(connection, reservation.addrs)
    if (addresses.length === 0) {
      throw new RelayRefusedError('refused', status)
    }
    return { expiresMs: reservation.expire * 1000, addresses }
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error('no reservation'))
    throw error
  }
}

/**
 * Under which addresses others find us at the relay. First the one under which we reached it ourselves, unless only we can: a
 * relay may name any address. One of each kind of address, since the relay of a relay that cannot be dialled is of no use.
 */
function circuitAddresses(connection: Connection, named: readonly Uint8Array[]): readonly Multiaddr[] {
  const proven = connection.direction === 'outbound' ? [withoutPeerId(connection.remoteAddr)] : []
  const all = [...proven, ...named.flatMap((bytes) => parse(bytes) ?? [])].filter(isDiallable)
  const open = all.filter((address) => isPublicAddress(address) || isName(address))
  const byKind = new Map<string, Multiaddr>()
  for (const address of open.length > 0 ? open : all) {
    const kind = address.getComponents()[0]?.name ?? ''
    const circuit = address.encapsulate(`/p2p/${connection.remotePeer.toString()}/p2p-circuit`)
    if (!byKind.has(kind) && circuit.bytes.byteLength <= CIRCUIT_ADDRESS_MAX_BYTES) {
      byKind.set(kind, circuit)
    }
  }
  return [...byKind.values()].slice(0, ADDRESSES_MAX_PER_RELAY)
}

/** A host and a TCP port, and no relay on the way. */
function isDiallable(address: Multiaddr): boolean {
  const [host, port] = address.getComponents()
  const isHost = host?.name === 'ip4' || host?.name === 'ip6' || isName(address)
  return isHost && port?.name === 'tcp' && !isRelayedAddress(address) && !isAbsurdAddress(address)
}

function isName(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name.startsWith('dns') ?? false
}

function parse(bytes: Uint8Array): Multiaddr | undefined {
  try {
    return withoutPeerId(multiaddr(bytes))
  } catch {
    return undefined
  }
}
