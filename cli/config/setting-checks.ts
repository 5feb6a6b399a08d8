import { parseHostPort } from '../host-port.ts'
import { checkAnnounceAddress, checkBootstrapAddress, checkListenAddresses } from '../listen-addresses.ts'

const eachOf =
  (check: (text: string) => unknown) =>
  (value: unknown): void => {
    for (const text of value as readonly string[]) {
      check(text)
    }
  }

const hostPort = (value: unknown): void => {
  // Whoever calls names the key or the variable.
  parseHostPort('it', String(value))
}

/** What commands check of their options when they run, checked where a file or variable says it, so that it is named. */
export const SETTING_CHECKS: Readonly<Record<string, (value: unknown) => void>> = {
  listen: (value) => void checkListenAddresses(value as readonly string[]),
  announce: eachOf(checkAnnounceAddress),
  bootstrap: eachOf(checkBootstrapAddress),
  metrics: hostPort,
  xmpp: hostPort,
  xmpps: hostPort,
  web: hostPort,
}
