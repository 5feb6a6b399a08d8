import { type SigningKey, sign, signingKeyFromSeed } from './ed25519.ts'
import { peerIdFromPublicKey } from './peer-id.ts'

/** The key of one device: its libp2p identity. Not the account's. */
export class NodeKey {
  /** The libp2p PeerId in text form, `12D3KooW…`. */
  readonly peerId: string
  readonly #seed: Uint8Array
  readonly #key: SigningKey

  private constructor(seed: Uint8Array) {
    this.#seed = new Uint8Array(seed)
    this.#key = signingKeyFromSeed(seed)
    this.peerId = peerIdFromPublicKey(this.#key.publicKey)
  }

  /** The node key of a 32-byte seed from a cryptographic generator. */
  static fromSeed(seed: Uint8Array): NodeKey {
    return new NodeKey(seed)
  }

  /** 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey
  }

  /** The 32 secret bytes. */
  get seed(): Uint8Array {
    return this.#seed
  }

  /** 64 bytes. Only for bytes that begin with a prefix of Kabber's own, never for bytes a stranger chose. */
  sign(bytes: Uint8Array): Uint8Array {
    return sign(this.#key, bytes)
  }
}
