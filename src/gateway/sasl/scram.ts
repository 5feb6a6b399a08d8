import { toBase64, toUtf8 } from '../../util/bytes.ts'
import { checkAuthzid } from './authzid.ts'
import { decodeBase64 } from './base64.ts'
import { offerHash } from './offer-hash.ts'
import { SaslError } from './sasl-error.ts'
import type { SaslContext, SaslExchange, SaslStep } from './sasl-exchange.ts'
import { decodeSaslText } from './sasl-text.ts'
import { saslPrep } from './saslprep.ts'
import { isSameSecret, type ScramHash, serverSignature } from './scram-keys.ts'
import { type ClientFirst, parseClientFinal, parseClientFirst } from './scram-messages.ts'

/** Bytes of the server's half of the nonce; base64 makes 24 characters of them. */
const NONCE_BYTES = 18

/** Longest message of a client, in bytes: names and nonces of a kilobyte each are nobody's. */
const MAX_MESSAGE_BYTES = 4_096

interface Begun {
  readonly first: ClientFirst
  readonly serverFirst: string
  readonly nonce: string
  /** Undefined: no such account, which is not said until the end. */
  readonly account: string | undefined
  readonly binding: Uint8Array
}

/** The server's side of SCRAM-SHA-1, SCRAM-SHA-256 and their -PLUS (RFC 5802, RFC 7677). */
export class ScramExchange implements SaslExchange {
  userName = ''
  readonly #context: SaslContext
  readonly #hash: ScramHash
  readonly #isPlus: boolean
  #begun: Begun | undefined

  constructor(context: SaslContext, hash: ScramHash, isPlus: boolean) {
    this.#context = context
    this.#hash = hash
    this.#isPlus = isPlus
  }

  respond(message: Uint8Array): SaslStep {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new SaslError('malformed-request', 'message too long')
    }
    const text = decodeSaslText(message)
    return this.#begun === undefined ? this.#begin(text) : this.#finish(this.#begun, text)
  }

  #begin(message: string): SaslStep {
    const first = parseClientFirst(message)
    const binding = this.#bindingOf(first)
    const { users, passwords, random } = this.#context
    const userName = saslPrep(first.userName)
    if (userName === undefined || userName === '') {
      throw new SaslError('malformed-request', 'no user name')
    }
    const account = users.account(userName)
    this.userName = account ?? userName
    const nonce = `${first.nonce}${toBase64(random.bytes(NONCE_BYTES))}`
    const salt = toBase64(passwords.salt(this.#hash, account ?? userName))
    const protection = offerHash(this.#hash, this.#context)
    const serverFirst = `r=${nonce},s=${salt},i=${passwords.iterations},h=${protection}`
    this.#begun = { first, serverFirst, nonce, account, binding }
    return { type: 'challenge', data: toUtf8(serverFirst) }
  }

  #finish(begun: Begun, message: string): SaslStep {
    const final = parseClientFinal(message)
    const expected = new Uint8Array([...toUtf8(begun.first.gs2Header), ...begun.binding])
    const isBound = isSameSecret(decodeBase64(final.channelBinding), expected)
    const authMessage = toUtf8(`${begun.first.bare},${begun.serverFirst},${final.withoutProof}`)
    const proof = decodeBase64(final.proof)
    const found = this.#context.passwords.findByProof(begun.account, this.#hash, authMessage, proof)
    if (!isBound || final.nonce !== begun.nonce || found === undefined || begun.account === undefined) {
      throw new SaslError('not-authorized')
    }
    checkAuthzid(begun.first.authzid, begun.account, this.#context)
    const data = toUtf8(`v=${toBase64(serverSignature(this.#hash, found.keys, authMessage))}`)
    return { type: 'success', login: { account: begun.account, passwordName: found.name }, data }
  }

  /** What the client must prove to see of our TLS (RFC 5802 §6). */
  #bindingOf({ flag }: ClientFirst): Uint8Array {
    const { tls, mechanisms } = this.#context
    if (typeof flag === 'string') {
      // RFC 5802 §6: whoever could bind but was not offered to, though we did offer, has met a man in the middle.
      // Also after a -PLUS that failed on this stream: the man in the middle could have sent that.
      const isStripped = flag === 'y' && mechanisms.some((name) => name.endsWith('-PLUS'))
      if (isStripped || this.#isPlus) {
        throw new SaslError('not-authorized', 'channel binding was stripped')
      }
      return new Uint8Array(0)
    }
    if (!this.#isPlus) {
      throw new SaslError('malformed-request', 'channel binding without -PLUS')
    }
    const binding = tls?.channelBindings.get(flag.type)
    if (binding === undefined) {
      throw new SaslError('not-authorized', 'channel binding of an unknown type')
    }
    return binding
  }
}
