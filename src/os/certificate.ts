import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** A certificate with its chain and its private key, as PEM. */
export interface CertificatePem {
  readonly cert: string
  readonly key: string
}

/** A certificate that listeners can serve. */
export interface Certificate extends CertificatePem {
  /** DER of the certificate itself, without its chain. */
  readonly der: Uint8Array
  /** SHA-256 of that, as clients show it: upper-case hex pairs with colons. */
  readonly fingerprint: string
  /** End of validity, as milliseconds since 1970. */
  readonly validUntilMs: number
}

/** Why a certificate cannot be used; the message is for the owner. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError'
}

/** Reads a certificate with its key and checks that they belong together and are valid now. @throws CertificateError */
export function readCertificate(cert: string, key: string, nowMs: number = Date.now()): Certificate {
  const certificate = parseCertificate(cert)
  if (!certificate.checkPrivateKey(parseKey(key))) {
    throw new CertificateError('the private key does not belong to the certificate')
  }
  const validFromMs = Date.parse(certificate.validFrom)
  const validUntilMs = Date.parse(certificate.validTo)
  if (nowMs < validFromMs) {
    throw new CertificateError(`the certificate is not valid before ${new Date(validFromMs).toISOString()}`)
  }
  if (nowMs > validUntilMs) {
    throw new CertificateError(`the certificate has expired at ${new Date(validUntilMs).toISOString()}`)
  }
  return {
    cert,
    key,
    der: new Uint8Array(certificate.raw),
    fingerprint: certificate.fingerprint256,
    validUntilMs,
  }
}

function parseCertificate(cert: string): X509Certificate {
  if (!cert.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CertificateError('the certificate is not in PEM form (-----BEGIN CERTIFICATE-----)')
  }
  try {
    return new X509Certificate(cert)
  } catch (error) {
    throw new CertificateError(`the certificate cannot be read: ${reason(error)}`)
  }
}

function parseKey(key: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) {
    throw new CertificateError('the private key is not in PEM form (-----BEGIN PRIVATE KEY-----)')
  }
  try {
    return createPrivateKey(key)
  } catch (error) {
    throw new CertificateError(`the private key cannot be read (is it encrypted?): ${reason(error)}`)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
