import { isIP } from 'node:net'

/**
 * Whether a request may be for us. Only addresses, `localhost` and names that the owner has given: with any other name a
 * web site could make it resolve to our address and so become the same origin as we are (DNS rebinding).
 */
export function isOwnHost(header: string | undefined, names: ReadonlySet<string>): boolean {
  const name = header === undefined ? undefined : hostName(header)
  return name !== undefined && (isIP(name) !== 0 || name === 'localhost' || names.has(name))
}

/**
 * Whether a request with an `Origin` header comes from a page of this very port. Programs that are no browsers send none
 * and may connect; pages of other sites must not (RFC 6455 §10.2).
 */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  if (origin === undefined) {
    return true
  }
  // The scheme of the page may be that of a proxy before us; the port that goes without saying depends on it.
  const page = URL.canParse(origin) ? new URL(origin) : undefined
  const own = page === undefined ? '' : `${page.protocol}//${host}`
  return page !== undefined && page.host !== '' && URL.canParse(own) && page.host === new URL(own).host
}

/** Name or address in a `Host` header (RFC 9110 §7.2), lower case, IPv6 without brackets; undefined if it is none. */
function hostName(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::[0-9]{1,5})?$/.exec(header.toLowerCase())
  return URL.canParse(`http://${header}`) ? (match?.[1] ?? match?.[2]) : undefined
}
