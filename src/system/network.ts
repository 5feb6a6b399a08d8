/** A libp2p PeerId of an Ed25519 key in its text form, `12D3KooW…` (base58btc of the identity multihash). */
export type PeerIdText = string

/** A peer and the multiaddrs (text, without the trailing `/p2p/…`) under which it may be reached; possibly none. */
export interface PeerAddresses {
  readonly peerId: PeerIdText
  readonly addresses: readonly string[]
}

/**
 * An authenticated, encrypted, ordered byte stream to one peer, shaped as a duplex for `it-pipe`.
 *
 * `source` ends when the remote has closed its half and throws when the stream breaks; while it is not read the remote
 * is made to stall (bounded buffering). `sink` resolves when its source has ended and everything was handed to the
 * transport, and rejects when the stream breaks; it pulls no faster than the remote reads.
 */
export interface NetworkStream {
  /** The peer at the other end, proven by the handshake. */
  readonly peerId: PeerIdText
  /** `outbound` when this node opened the stream. */
  readonly direction: 'inbound' | 'outbound'
  /** How its bytes travel: straight to the peer, or through a relay, which reads none of them. */
  readonly path: Path
  readonly source: AsyncGenerator<Uint8Array, void, unknown>
  readonly sink: (source: AsyncIterable<Uint8Array>) => Promise<void>
  /** Closes both halves in good order; resolves also when the stream is already gone. */
  close(): Promise<void>
  /** Breaks the stream at once; both ends see an error. */
  abort(reason: Error): void
}

/** Bounds on the streams of one protocol. */
export interface StreamLimits {
  /** Open streams one peer may have towards this node; more are refused. */
  readonly maxInboundStreamsPerPeer: number
  /** Open streams this node may have towards one peer. */
  readonly maxOutboundStreamsPerPeer: number
}

/** Receives each inbound stream of a protocol. A rejection aborts that stream and nothing else. */
export type StreamHandler = (stream: NetworkStream) => Promise<void>

/** Straight to the peer (dialled, mapped or hole-punched), or through a relay. */
export type Path = 'direct' | 'relayed'

/** Whether strangers can dial this node: not known yet, yes, or only with help. */
export type Reachability = 'unknown' | 'public' | 'private'

/** Why there is no reservation: no room, refused otherwise, the peer relays no more, it could not be reached in time. */
export type RelayRefusal = 'full' | 'refused' | 'no-relay' | 'unreachable'

/** How others reach this node and why not otherwise: what status, metrics and the doctor tell. */
export interface ReachReport {
  readonly reachability: Reachability
  /** What the NAT does with the port of one socket towards several peers; `none`: there is no NAT. */
  readonly mapping: 'unknown' | 'none' | 'endpoint-independent' | 'endpoint-dependent'
  /** The multiaddrs under which peers of different networks see this node, and how many of these agree. */
  readonly observed: readonly { readonly address: string; readonly observers: number }[]
  /** What the router said when asked to open a port (UPnP, NAT-PMP). */
  readonly portMapping: {
    readonly state: 'off' | 'searching' | 'mapped' | 'refused' | 'no-router'
    readonly address?: string
    /** What the router answered, when it refused. */
    readonly reason?: string
  }
  /** Reservations held on relays now. */
  readonly relays: readonly {
    readonly peerId: PeerIdText
    readonly address: string
    /** Milliseconds since the epoch. */
    readonly expiresMs: number
  }[]
  /** Why the last relay that was asked gave no reservation; undefined when the last one gave one. */
  readonly relayRefusal: RelayRefusal | undefined
  /** Hole punches since the start. */
  readonly punches: { readonly tried: number; readonly succeeded: number }
  /** What this node does as a relay; undefined while it is none. */
  readonly relaying:
    | {
        readonly reservations: number
        readonly maxReservations: number
        readonly circuits: number
        readonly relayedBytes: number
        readonly refused: number
        /** The same by reason. */
        readonly refusals?: Readonly<Record<string, number>>
        /** The same by reason, a word each, where the relay counts them. */
        readonly refusedFor?: Readonly<Record<string, number>>
      }
    | undefined
}

export type NetworkEvent =
  | { readonly type: 'peer-connected'; readonly peerId: PeerIdText }
  /** The last connection to the peer is gone. */
  | { readonly type: 'peer-disconnected'; readonly peerId: PeerIdText }
  /** What `addresses()` returns has changed. */
  | { readonly type: 'addresses-changed' }
  /** The best way to a connected peer changed: there is a direct connection now, or relayed ones are all that is left. */
  | { readonly type: 'path-changed'; readonly peerId: PeerIdText; readonly path: Path }
  /** What `reachability()` returns has changed. */
  | { readonly type: 'reachability-changed' }

/** Why a dial did not give a stream. */
export type DialFailure = 'no-addresses' | 'unreachable' | 'unsupported-protocol' | 'limit' | 'stopped'

/** Thrown by `Network.dial`; never for a cancelled dial, which rejects with the signal's reason. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly failure: DialFailure

  constructor(failure: DialFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

/** Peers, streams to them, and the Kademlia routing underneath. In production it is libp2p. */
export interface Network {
  /** This node's own PeerId. */
  readonly peerId: PeerIdText
  /** Starts listening. Idempotent. */
  start(): Promise<void>
  /** Closes every stream and connection and waits for all it started. Idempotent; final. */
  stop(): Promise<void>
  /**
   * Opens a stream to `peer`, over an existing connection if there is one. `peer.addresses` are hints beside what the
   * network already knows.
   *
   * @throws DialError, or the signal's reason
   */
  dial(peer: PeerAddresses, protocol: string, signal: AbortSignal): Promise<NetworkStream>
  /** Accepts inbound streams of `protocol`; one handler a protocol; allowed before `start`. */
  handle(protocol: string, handler: StreamHandler, limits: StreamLimits): void
  /**
   * The at most `count` (and never more than 20, Kademlia's k) peers closest to `key` (by XOR of the Kademlia ids, nearest first), without this node.
   * Rejects with the signal's reason; an empty list when no peer is known.
   */
  closestPeers(key: Uint8Array, count: number, signal: AbortSignal): Promise<readonly PeerAddresses[]>
  /** The multiaddrs (without `/p2p/…`) under which this node may be dialled now. */
  addresses(): readonly string[]
  reachability(): Reachability
  reach(): ReachReport
  /** The best way there is to a peer now; undefined if it is not connected. A new stream takes it. */
  path(peerId: PeerIdText): Path | undefined
  /** Peers to which at least one connection is open. */
  connectedPeers(): readonly PeerIdText[]
  /** The multiaddrs from or to which connections with a peer are open now: what limits by network go by. */
  remoteAddresses(peerId: PeerIdText): readonly string[]
  /** Calls `listener` for every event until the returned function is called. */
  subscribe(listener: (event: NetworkEvent) => void): () => void
}
