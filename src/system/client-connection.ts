/** What SASL has to know about the TLS of a connection. */
export interface TlsSecurity {
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  /**
   * Channel bindings by their IANA names: `tls-exporter` (RFC 9266), `tls-unique` on TLS 1.2 and
   * `tls-server-end-point` (RFC 5929).
   */
  readonly channelBindings: ReadonlyMap<string, Uint8Array>
}

/** How a client reached us. On a WebSocket (RFC 7395) every frame is one text; otherwise there are only bytes. */
export type ClientTransport = 'tcp' | 'websocket' | 'unix'

/** What a connection tells its user; called one at a time, never from inside a call of the connection. */
export interface ClientConnectionHandlers {
  /** Bytes as they came, or one text frame of a WebSocket. */
  readonly data: (data: Uint8Array | string) => void
  /** What was written has left, after `bufferedBytes` was above zero. */
  readonly drained: () => void
  /** Once, whoever ended it. Nothing is told afterwards. */
  readonly closed: () => void
}

/** One connection of an XMPP client, before anything is known about it. */
export interface ClientConnection {
  readonly transport: ClientTransport
  /** Whether the other side is on this machine. A `unix` connection comes from the owner of the home. */
  readonly isLocal: boolean
  /** The HTTP(S) base of this node as this client reaches it, without a slash at its end; undefined: no web port. */
  readonly webBase: string | undefined
  /** Undefined while the connection is in clear. */
  tls(): TlsSecurity | undefined
  /** Whether `startTls` may be called: a TCP connection in clear and a certificate. */
  readonly canStartTls: boolean
  /** Begins to read. Called once. */
  open(handlers: ClientConnectionHandlers): void
  /** Writes text, on a WebSocket as one frame. Ignored after the end. */
  write(text: string): void
  /**
   * Its client has logged in: from now on a WebSocket frame may be as long as a stanza; before that, a frame of more
   * than 10,000 bytes ends the connection (a frame is in memory before anybody sees it). Idempotent.
   */
  loggedIn(): void
  /** Bytes written that the machine has not taken yet. */
  readonly bufferedBytes: number
  pause(): void
  resume(): void
  /**
   * Upgrades to TLS after what was written has left. What comes from now on is inside TLS; bytes that came in clear
   * after the client's request are part of the handshake (so nothing sent in clear is read as sent in TLS). Rejects
   * when the handshake fails or takes longer than 10 s; the connection is closed then.
   */
  startTls(): Promise<void>
  /** Writes out what was written, then closes; after 2 s in any case. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

/** A way in for clients: a listening socket. */
export interface ClientListener {
  /** Idempotent; rejects when the address cannot be had. */
  start(accept: (connection: ClientConnection) => void): Promise<void>
  /** Lets nobody in any more; connections are the user's to end. Idempotent. */
  stop(): Promise<void>
}
