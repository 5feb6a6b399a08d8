/** A message of the archive, also the shape of `kabber history --json`. */
export interface MessageView {
  readonly id: string
  /** Bare JIDs. */
  readonly from: string
  readonly to: string
  readonly body: string
  /** ISO 8601, UTC. */
  readonly stamp: string
  readonly direction: 'in' | 'out'
  readonly state: 'queued' | 'stored' | 'delivered' | 'failed' | 'received'
}
