/** What can be wrong, by names that stay: scripts look for them (docs/operating.md). */
export type FindingId =
  | 'ok'
  | 'not-running'
  | 'home-read-only'
  | 'disk-full'
  | 'store-damaged'
  | 'port-in-use'
  | 'no-network'
  | 'no-bootstrap'
  | 'dns-failure'
  | 'firewall-out'
  | 'version-mismatch'
  | 'wrong-clock'
  | 'dht-alone'
  | 'nat-without-mapping'
  | 'upnp-refused'
  | 'firewall-in'
  | 'relay-full'
  | 'relay-silent'

/** `error`: others cannot reach this node, or it does not work; `warning`: it works, but not as well as it could. */
export type Severity = 'error' | 'warning' | 'info'

/** One thing the doctor has to say. */
export interface Finding {
  readonly id: FindingId
  readonly severity: Severity
  /** What is so, in a sentence or two. */
  readonly text: string
  /** What to do about it. */
  readonly advice: string
}
