/** Exit codes of `kabber`, a contract with scripts: docs/cli.md. */
export const EXIT_CODES = {
  ok: 0,
  /** The operation failed: refused by the node or the machine. */
  failed: 1,
  /** The command line or what it was given is wrong; trying again does not help. */
  usage: 2,
  /** The command needs a running node and found none in this home. */
  noNode: 3,
  /** `--wait` ran out of time; the message stays queued. */
  timedOut: 4,
} as const

/** One of `EXIT_CODES`. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]
