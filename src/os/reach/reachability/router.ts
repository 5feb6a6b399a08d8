/** A router that opens ports when asked. */
export interface Router {
  /** `UPnP` or `NAT-PMP`, and where. */
  readonly name: string
  /**
   * Maps a TCP port of this machine to the same port outside, if that is free, and gives what it has become. Repeating
   * it renews the mapping.
   *
   * @throws RouterRefusal with the router's reason; any other error when the router does not answer
   */
  map(port: number, lifetimeS: number, signal: AbortSignal): Promise<PortMapping>
  /** Ends the mapping of a port. */
  unmap(mapping: PortMapping, signal: AbortSignal): Promise<void>
}

/** A mapping that a router has made. */
export interface PortMapping {
  readonly externalIp: string
  readonly externalPort: number
  readonly internalPort: number
  /** Seconds; as the router granted it. */
  readonly lifetimeS: number
}

/** The router understood and says no. */
export class RouterRefusal extends Error {
  override readonly name = 'RouterRefusal'
}
