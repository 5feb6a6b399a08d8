import { parseHostPort } from '../host-port.ts'
import { checkAnnounceAddress, checkBootstrapAddress, checkListenAddress } from '../listen-addresses.ts'

const eachOf =
  (check: (text: string) => unknown) =>
  (value: unknown): void => {
    for (const text of value as readonly string[]) {
      check(text)
    }
  }

const hostPort =
  (key: string) =>
  (value: unknown): void => {
    parseHostPort(key, String(value))
  }

/** What commands check of their options when they run, checked where a file or variable says it, so that it is named. */
export const SETTING_CHECKS: Readonly<Record<string, (value: unknown) => void>> = {
  listen: eachOf(checkListenAddress),
  announce: eachOf(checkAnnounceAddress),
  bootstrap: eachOf(checkBootstrapAddress),
  metrics: hostPort('metrics'),
  xmpp: hostPort('xmpp'),
  xmpps: hostPort('xmpps'),
  web: hostPort('web'),
}
