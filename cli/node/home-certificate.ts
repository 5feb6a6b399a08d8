import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificate, CertificateError, readCertificate } from '../../src/os/certificate.ts'
import { badInput } from '../cli-error.ts'
import type { Home } from '../find-home.ts'

const CERTIFICATE_FILE = 'certificate.pem'
const KEY_FILE = 'key.pem'

/** Files of `--cert` and `--key`. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Where the certificate of a home is kept. */
export function certificatePath(home: Pick<Home, 'tlsPath'>): string {
  return join(home.tlsPath, CERTIFICATE_FILE)
}

/**
 * The certificate with which clients are served: the owner's own, else that of the home, which is made when there is
 * none (at `init`; a home of an older version has none).
 *
 * @throws CliError, or the failure of the system to read a file
 */
export async function homeCertificate(home: Pick<Home, 'tlsPath'>, own?: CertificateFiles): Promise<Certificate> {
  const files = own ?? { cert: certificatePath(home), key: join(home.tlsPath, KEY_FILE) }
  if (own === undefined && !(existsSync(files.cert) && existsSync(files.key))) {
    await makeFiles(home, files)
  }
  return read(files)
}

function read({ cert, key }: CertificateFiles): Certificate {
  try {
    return readCertificate(readFileSync(cert, 'utf8'), readFileSync(key, 'utf8'))
  } catch (error) {
    throw error instanceof CertificateError ? badInput(`${cert}: ${error.message}`) : error
  }
}

async function makeFiles({ tlsPath }: Pick<Home, 'tlsPath'>, files: CertificateFiles): Promise<void> {
  const { makeCertificate } = await import('../../src/os/make-certificate.ts')
  const made = await makeCertificate()
  mkdirSync(tlsPath, { recursive: true, mode: 0o700 })
  writePrivate(files.key, made.key)
  // Last, so that a certificate is there only with its key.
  writePrivate(files.cert, made.cert)
}

/** Whole or not at all. */
function writePrivate(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}
