import { webcrypto } from 'node:crypto'
import type { CertificatePem } from './certificate.ts'

const DAY_MS = 86_400_000
/** Nobody is there to renew it; who wants shorter brings an own certificate. */
const VALIDITY_MS = 3_650 * DAY_MS
/** Of clients whose clock is behind. */
const CLOCK_TOLERANCE_MS = DAY_MS
const PEM_LINE_LENGTH = 64

/**
 * Makes a self-signed certificate for `commonName`, `localhost` and the loopback addresses: P-256, SHA-256, ten years. It
 * is no authority (`cA` false), so a system that trusts it trusts these names and nothing else that its key could sign.
 */
export async function makeCertificate(commonName = 'id.internal'): Promise<CertificatePem> {
  const x509 = await loadLibrary()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const nowMs = Date.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs - CLOCK_TOLERANCE_MS),
    notAfter: new Date(nowMs + VALIDITY_MS),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: commonName },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: `${certificate.toString('pem')}\n`, key: pem('PRIVATE KEY', new Uint8Array(key)) }
}

/** Loaded when it is needed, once in the life of a home: it takes 150 ms. */
async function loadLibrary(): Promise<typeof import('@peculiar/x509')> {
  // tsyringe, which the library uses, wants the `Reflect` of a decorator compiler to exist; nothing is ever looked up.
  const reflect = Reflect as { getMetadata?: unknown; getOwnMetadata?: unknown; defineMetadata?: unknown }
  reflect.getMetadata ??= () => undefined
  reflect.getOwnMetadata ??= () => undefined
  reflect.defineMetadata ??= () => {}
  return await import('@peculiar/x509')
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(new RegExp(`.{1,${PEM_LINE_LENGTH}}`, 'g')) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
