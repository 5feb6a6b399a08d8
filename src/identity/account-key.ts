import { type SigningKey, sign, signingKeyFromSeed } from './ed25519.ts'
import { xidFromPublicKey } from './xid.ts'

/** The key that is an account, shared by its owner's devices. Whoever has its seed is the account. */
export class AccountKey {
  /** The account's bare JID, its XID (XEP-0516). */
  readonly address: string
  // Private, so that neither a log line nor JSON shows them.
  readonly #seed: Uint8Array
  readonly #key: SigningKey

  private constructor(seed: Uint8Array) {
    this.#seed = new Uint8Array(seed)
    this.#key = signingKeyFromSeed(seed)
    this.address = xidFromPublicKey(this.#key.publicKey)
  }

  /** The account of a 32-byte seed, from a cryptographic generator or a recovery phrase. */
  static fromSeed(seed: Uint8Array): AccountKey {
    return new AccountKey(seed)
  }

  /** 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey
  }

  /** The 32 secret bytes. */
  get seed(): Uint8Array {
    return this.#seed
  }

  /**
   * 64 bytes. Only for bytes that begin with a prefix of Kabber's own (`kabber-…:`), never for bytes a stranger chose:
   * the challenge of XEP-0516 §6 asks for a signature over any bytes, and those could be an account record.
   */
  sign(bytes: Uint8Array): Uint8Array {
    return sign(this.#key, bytes)
  }
}
