/** A transport address: an IP address as text and a port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** What a packet is to a NAT box; `data` and `ack` of a TCP connection are the same to it. */
export type PacketKind = 'udp' | 'syn' | 'syn-ack' | 'ack' | 'fin' | 'rst'

/** The header of a packet: all that NAT boxes look at. */
export interface PacketHeader {
  readonly kind: PacketKind
  readonly source: Endpoint
  readonly destination: Endpoint
}

/** What a box does with a packet: it goes on with this header, comes back inside, vanishes, or is answered with an RST. */
export type NatVerdict =
  | { readonly action: 'forward'; readonly header: PacketHeader }
  /** Out and in again at the same box (RFC 4787 §6). */
  | { readonly action: 'hairpin'; readonly header: PacketHeader }
  | { readonly action: 'drop'; readonly reason: DropReason }
  /** The box itself answers with an RST from the packet's destination. */
  | { readonly action: 'reset' }

export type DropReason = 'unsolicited' | 'table-full' | 'no-port' | 'no-state' | 'no-hairpinning'

/** The endpoint as a key of maps: `address:port`. */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`
}
