import { isIP } from 'node:net'
import { badInput } from './cli-error.ts'

/** Highest TCP port. */
const PORT_MAX = 65_535

/** Where a socket listens. */
export interface HostPort {
  /** An IP address, without brackets. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/**
 * Reads `127.0.0.1:5222`, `localhost:5222` or `[::1]:5222`. Only addresses: what a name means may change, and with it who
 * can connect.
 *
 * @throws CliError
 */
export function parseHostPort(option: string, text: string): HostPort {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = plain === 'localhost' ? '127.0.0.1' : (bracketed ?? plain ?? '')
  const port = Number(digits)
  if (isIP(host) !== (bracketed === undefined ? 4 : 6) || !(port <= PORT_MAX)) {
    throw badInput(`${option} needs an IP address and a port, such as 127.0.0.1:5222 or [::1]:5222, not '${text}'`)
  }
  return { host, port }
}

/** As it stands in a URL: `127.0.0.1:5222`, `[::1]:5222`. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether only programs on this machine can connect there. */
export function isLoopbackHost(host: string): boolean {
  return host === '::1' || /^127\./.test(host)
}
