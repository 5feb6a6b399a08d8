import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { HANDSHAKE_TIMEOUT_MS } from './client-limits.ts'

/** A certificate made ready for handshakes. */
export interface TlsServer {
  readonly certificate: Certificate
  readonly context: SecureContext
}

/** Prepares a certificate for the server side of TLS 1.2 and 1.3. */
export function tlsServer(certificate: Certificate): TlsServer {
  const context = createSecureContext({
    cert: certificate.cert,
    key: certificate.key,
    minVersion: 'TLSv1.2',
    // Neither renegotiation nor resumption: `tls-unique` stays the client's first Finished message (RFC 5929 §3.1).
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  })
  return { certificate, context }
}

/**
 * Does the server's side of a TLS handshake on a socket. Bytes that have arrived on it and were not read are part of the
 * handshake. Rejects, and destroys the socket, when the handshake fails or takes longer than 10 s.
 */
export function handshake(socket: Socket, server: TlsServer, protocols: readonly string[] = []): Promise<TLSSocket> {
  if (socket.destroyed) {
    return Promise.reject(new Error('the connection was closed before the TLS handshake'))
  }
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: server.context,
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  })
  return new Promise((resolve, reject) => {
    let failure = new Error('the TLS handshake was broken off')
    const timer = setTimeout(() => {
      failure = new Error(`the TLS handshake took longer than ${HANDSHAKE_TIMEOUT_MS} ms`)
      secure.destroy()
    }, HANDSHAKE_TIMEOUT_MS)
    const onClose = (): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(failure)
    }
    secure.on('error', (error) => {
      failure = error
      secure.destroy()
    })
    secure.once('close', onClose)
    secure.once('secure', () => {
      clearTimeout(timer)
      secure.off('close', onClose)
      resolve(secure)
    })
  })
}
