import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** What a SCRAM client does (RFC 5802 §3), so that tests need no other program. */
export class ScramClient {
  readonly hash: 'sha1' | 'sha256'
  readonly gs2Header: string
  readonly first: string
  readonly #bare: string
  readonly #password: string
  readonly #binding: Uint8Array

  constructor(options: {
    hash: 'sha1' | 'sha256'
    user: string
    password: string
    nonce?: string
    gs2Header?: string
    binding?: Uint8Array
  }) {
    this.hash = options.hash
    this.gs2Header = options.gs2Header ?? 'n,,'
    this.#password = options.password
    this.#binding = options.binding ?? new Uint8Array(0)
    this.#bare = `n=${options.user},r=${options.nonce ?? 'fyko+d2lbbFgONRv9qkxdawL'}`
    this.first = `${this.gs2Header}${this.#bare}`
  }

  /** The client-final-message, and the ServerSignature that must follow. */
  final(serverFirst: string): { message: string; signature: string } {
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst) ?? []
    const size = this.hash === 'sha1' ? 20 : 32
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), Number(iterations), size, this.hash)
    const hmac = (key: Uint8Array, data: string): Buffer => createHmac(this.hash, key).update(data).digest()
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash(this.hash).update(clientKey).digest()
    const bound = Buffer.concat([Buffer.from(this.gs2Header), this.#binding]).toString('base64')
    const withoutProof = `c=${bound},r=${nonce}`
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`
    const clientSignature = hmac(storedKey, authMessage)
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] as number))
    return {
      message: `${withoutProof},p=${Buffer.from(proof).toString('base64')}`,
      signature: hmac(hmac(salted, 'Server Key'), authMessage).toString('base64'),
    }
  }
}
