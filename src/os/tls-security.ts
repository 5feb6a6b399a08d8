import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { TlsSecurity } from '../system/client-connection.ts'
import { readDer } from './der.ts'

/** RFC 9266 §2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding'
const EXPORTER_BYTES = 32

/** `flags [13] EXPLICIT INTEGER` of OpenSSL's SSL_SESSION, and the flag that tells of RFC 7627. */
const SESSION_FLAGS_TAG = 0xad
const EXTENDED_MASTER_SECRET_FLAG = 1

/**
 * Hashes of `tls-server-end-point` by the DER of the certificate's signature algorithm: its own hash, SHA-256 in place of
 * SHA-1 (RFC 5929 §4.1). Where there is no single hash (Ed25519, RSA-PSS) the binding is not defined.
 */
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  '2a8648ce3d040302': 'sha256', // ecdsa-with-SHA256
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
}

/** What SASL has to know of a finished TLS server handshake: its version and channel bindings. */
export function describeTls(socket: TLSSocket, certificate: Uint8Array): TlsSecurity {
  const version = socket.getProtocol() === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2'
  const channelBindings = new Map<string, Uint8Array>()
  // RFC 9266 §3: before TLS 1.3 the exporter is unique only with the extended master secret.
  if (version === 'TLSv1.3' || hasExtendedMasterSecret(socket)) {
    channelBindings.set('tls-exporter', exporter(socket))
  }
  // RFC 5929 §3.1, RFC 9266 §1: not defined for TLS 1.3. Without resumption the client's Finished message is the first.
  const finished = version === 'TLSv1.2' && !socket.isSessionReused() ? socket.getPeerFinished() : undefined
  if (finished !== undefined) {
    channelBindings.set('tls-unique', new Uint8Array(finished))
  }
  const endPoint = serverEndPoint(certificate)
  if (endPoint !== undefined) {
    channelBindings.set('tls-server-end-point', endPoint)
  }
  return { version, channelBindings }
}

function exporter(socket: TLSSocket): Uint8Array {
  // RFC 9266 §2: a zero-length context.
  return new Uint8Array(socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0)))
}

function hasExtendedMasterSecret(socket: TLSSocket): boolean {
  const session = socket.getSession()
  if (session === undefined) {
    return false
  }
  const fields = readDer(readDer(session)[0]?.content ?? new Uint8Array())
  const flags = fields.find((field) => field.tag === SESSION_FLAGS_TAG)
  const value = flags === undefined ? undefined : readDer(flags.content)[0]?.content
  return ((value?.at(-1) ?? 0) & EXTENDED_MASTER_SECRET_FLAG) !== 0
}

function serverEndPoint(certificate: Uint8Array): Uint8Array | undefined {
  const algorithm = readDer(readDer(certificate)[0]?.content ?? new Uint8Array())[1]
  const identifier = readDer(algorithm?.content ?? new Uint8Array())[0]?.content ?? new Uint8Array()
  const hash = SIGNATURE_HASHES[Buffer.from(identifier).toString('hex')]
  return hash === undefined ? undefined : new Uint8Array(createHash(hash).update(certificate).digest())
}
