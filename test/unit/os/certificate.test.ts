import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CertificateError, readCertificate } from '../../../src/os/certificate.ts'
import { makeCertificate } from '../../../src/os/make-certificate.ts'

const YEAR_MS = 365 * 86_400_000
const { cert, key } = await makeCertificate()

test('the certificate is for id.internal and loopback, ten years, and no authority', () => {
  const certificate = new X509Certificate(cert)
  for (const name of ['id.internal', 'localhost']) {
    assert.equal(certificate.checkHost(name), name)
  }
  for (const address of ['127.0.0.1', '::1']) {
    assert.equal(certificate.checkIP(address), address)
  }
  assert.equal(certificate.checkHost('example.org'), undefined)
  assert.equal(certificate.ca, false)
  assert.equal(certificate.verify(certificate.publicKey), true)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.ok(Date.parse(certificate.validTo) > Date.now() + 9.9 * YEAR_MS)
})

test('two certificates differ in key and serial number', async () => {
  const other = new X509Certificate((await makeCertificate('other.example')).cert)
  assert.notEqual(other.serialNumber, new X509Certificate(cert).serialNumber)
  assert.equal(other.checkHost('other.example'), 'other.example')
})

test('what is read has the fingerprint that clients show', () => {
  const certificate = readCertificate(cert, key)
  assert.equal(certificate.fingerprint, new X509Certificate(cert).fingerprint256)
  assert.match(certificate.fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.deepEqual(certificate.der, new Uint8Array(new X509Certificate(cert).raw))
})

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const encrypted = otherKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string
const bad: Record<string, { cert: string; key: string; nowMs?: number; message: RegExp }> = {
  'no certificate': { cert: '', key, message: /certificate is not in PEM/ },
  'a damaged certificate': { cert: cert.replace(/\n.{20}/, '\n'), key, message: /certificate cannot be read/ },
  'no key': { cert, key: 'x', message: /private key is not in PEM/ },
  'the certificate in place of the key': { cert, key: cert, message: /private key is not in PEM/ },
  'a damaged key': { cert, key: key.replace(/\n.{20}/, '\n'), message: /private key cannot be read/ },
  'an encrypted key': { cert, key: encrypted, message: /encrypted/ },
  'the key of another certificate': {
    cert,
    key: otherKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    message: /does not belong/,
  },
  'one that has expired': { cert, key, nowMs: Date.now() + 11 * YEAR_MS, message: /expired at 20/ },
  'one that is not valid yet': { cert, key, nowMs: Date.now() - YEAR_MS, message: /not valid before 20/ },
}

for (const [what, { cert: badCert, key: badKey, nowMs, message }] of Object.entries(bad)) {
  test(`${what} is refused with a reason that helps`, () => {
    assert.throws(
      () => readCertificate(badCert, badKey, nowMs),
      (error) => error instanceof CertificateError && message.test(error.message),
    )
  })
}
