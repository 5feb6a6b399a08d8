/** Hosts of the laboratory: Alice and Carol behind box A, Bob behind box B, two servers in the open. */
export type HostName = 'alice' | 'carol' | 'bob' | 'server' | 'other'

/** Who a packet is for: a host in the open or the outside of a box. */
export type TargetName = 'server' | 'other' | 'boxA' | 'boxB'

/** What an agent does. */
export type AgentCommand =
  | { readonly op: 'bind' | 'heard' | 'listen'; readonly port: number }
  | { readonly op: 'send'; readonly port: number; readonly address: string; readonly toPort: number }
  | {
      readonly op: 'connect'
      readonly port: number
      readonly address: string
      readonly toPort: number
      readonly patienceMs: number
    }
  | { readonly op: 'reset' }

export interface AgentAnswer {
  readonly id: number
  readonly value: string
}

/** A world with NAT boxes in which packet scripts run: the kernel's or ours. Endpoints read `boxA:5001`. */
export interface Lab {
  bind(host: HostName, port: number): Promise<void>
  /** Sends a datagram and waits until it must have arrived. */
  send(host: HostName, port: number, target: string): Promise<void>
  /** Sources of what came to a UDP or listening TCP port since the last call. */
  heard(host: HostName, port: number): Promise<readonly string[]>
  listen(host: HostName, port: number): Promise<void>
  /** One dial: no answer in `patienceMs` is silence. */
  connect(host: HostName, port: number, target: string, patienceMs?: number): Promise<'open' | 'refused' | 'silent'>
  wait(ms: number): Promise<void>
  /** Closes everything on the hosts; the boxes keep their state. */
  reset(): Promise<void>
}

/** A dial that is not answered within this is silent: below the first repetition of a SYN. */
export const PATIENCE_MS = 700
