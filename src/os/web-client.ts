import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isLoopback } from './loopback.ts'
import { isOwnHost } from './web-host.ts'

/** Who speaks HTTP to us, and how they reached us. */
export interface WebClient {
  readonly isLocal: boolean
  /** The base they used; undefined where the `Host` header names somebody else. */
  readonly base: string | undefined
  /** In clear from another machine is not, where there is a certificate. */
  readonly isAllowed: boolean
}

/** Headers of proxies (RFC 7239 and before): the client is not who is connected to us. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/** Looks at the connection and the headers of a request. */
export function webClient(request: IncomingMessage, names: ReadonlySet<string>, hasCertificate: boolean): WebClient {
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http'
  const hosts = request.headersDistinct.host ?? []
  // RFC 9112 §3.2: exactly one.
  const host = hosts.length === 1 ? hosts[0] : undefined
  const isNear = isLoopback(request.socket.remoteAddress)
  return {
    isLocal: isNear && !PROXY_HEADERS.some((header) => request.headers[header] !== undefined),
    base: host !== undefined && isOwnHost(host, names) ? `${scheme}://${host.toLowerCase()}` : undefined,
    isAllowed: isNear || scheme === 'https' || !hasCertificate,
  }
}
