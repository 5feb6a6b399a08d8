import type { Clock } from '../../system/clock.ts'
import type { Random } from '../../system/random.ts'
import type { Row, Store, Transaction } from '../../system/store.ts'
import { toUtf8 } from '../../util/bytes.ts'
import { Listeners } from '../../util/listeners.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import { clientPasswordsTable } from '../tables/client-passwords.ts'
import { scramSecretTable } from '../tables/scram-secret.ts'
import { makePassword } from './make-password.ts'
import { saslPrep } from './saslprep.ts'
import { hmac, isProofOf, isSameSecret, type ScramHash, type ScramKeys, scramKeys } from './scram-keys.ts'

/** Passwords of one account: a login may have to be checked against each. */
const MAX_PASSWORDS_PER_ACCOUNT = 64
/** Longest name of a password, in UTF-16 code units; it is shown in lists. */
const MAX_NAME_LENGTH = 64
/** Longest password of somebody's own making, in UTF-16 code units. */
const MAX_PASSWORD_LENGTH = 256
/** RFC 5802 §5.1 and RFC 7677 §4: at least 4096. More would guard weak passwords; those made here are random. */
const ITERATIONS = 4_096
const SALT_BYTES = 16
const SECRET_BYTES = 32
/** When a password was last used is written down once in this time; a reconnecting client must not write each time. */
const USED_GRAIN_MS = 60_000

type PasswordRow = Row<typeof clientPasswordsTable>

/** A password of a client app, as its owner sees it. */
export interface ClientPassword {
  readonly name: string
  readonly createdMs: number
  /** Of the last login, to the minute; undefined: never used. */
  readonly usedMs: number | undefined
  readonly expiresMs: number | undefined
}

/** Which password was revoked. */
export interface RevokedPassword {
  readonly account: string
  readonly name: string
}

export interface AddPasswordOptions {
  /** @default a random one of 130 bits, in groups that are easy to type */
  readonly password?: string
  /** Wall clock time from which on nobody can log in with it. @default never */
  readonly expiresMs?: number
}

/** What `ClientPasswords` is made of. */
export interface ClientPasswordsComponents {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes'>
  readonly store: Store
}

/**
 * Passwords of client apps, one for each app and account, so that one app can be locked out without the others. Only
 * SCRAM keys are kept.
 *
 * SCRAM's server names the salt before it knows which of the passwords will be used (RFC 5802 §5.1). Therefore all
 * passwords of an account have one salt a hash function, and a proof is checked against the keys of each, at most
 * `MAX_PASSWORDS_PER_ACCOUNT`. Salts are derived from a secret of this home, for names without an account as well: who
 * asks learns nothing from them, today or later (RFC 5802 §9).
 */
export class ClientPasswords {
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #random: Pick<Random, 'bytes'>
  readonly #store: Store
  readonly #revoked = new Listeners<RevokedPassword>()
  #secret: Uint8Array | undefined

  constructor({ clock, random, store }: ClientPasswordsComponents) {
    this.#clock = clock
    this.#random = random
    this.#store = store
  }

  /**
   * Makes a password and resolves with it when its keys are on disk.
   *
   * @throws StanzaError `not-acceptable` for a name or password that cannot be one, `conflict` for a name in use,
   *   `resource-constraint` when the account has too many
   */
  async add(account: string, name: string, options: AddPasswordOptions = {}): Promise<string> {
    checkName(name)
    const password = options.password ?? makePassword(this.#random)
    const keys = this.#makeKeys(account, checkPassword(password))
    const row = {
      account,
      name,
      created_ms: this.#clock.wallMs(),
      used_ms: null,
      expires_ms: options.expiresMs ?? null,
      ...keys,
    }
    await this.#store.transaction((transaction) => {
      this.#insert(transaction, row)
      // On disk no later than the keys that depend on it.
      transaction.put(scramSecretTable, { id: 0, secret: this.#homeSecret() })
    })
    return password
  }

  has(account: string, name: string): boolean {
    return this.#store.read.get(clientPasswordsTable, [account, name]) !== undefined
  }

  /** By name. */
  list(account: string): readonly ClientPassword[] {
    return this.#rows(account).map((row) => ({
      name: row.name,
      createdMs: row.created_ms,
      usedMs: row.used_ms ?? undefined,
      expiresMs: row.expires_ms ?? undefined,
    }))
  }

  /** Resolves when it is gone from the disk, with false if there was none of that name. Its sessions are ended. */
  async revoke(account: string, name: string): Promise<boolean> {
    const existed = await this.#store.transaction((transaction) =>
      transaction.delete(clientPasswordsTable, [account, name]),
    )
    if (existed) {
      this.#revoked.emit({ account, name })
    }
    return existed
  }

  /** `listener` is told after it is on disk, until the returned function is called. */
  onRevoked(listener: (revoked: RevokedPassword) => void): () => void {
    return this.#revoked.add(listener)
  }

  /** The salt of an account, or of a name that is none; always the same one. */
  salt(hash: ScramHash, user: string): Uint8Array {
    return hmac('sha256', this.#homeSecret(), toUtf8(`${hash}:${user}`)).subarray(0, SALT_BYTES)
  }

  get iterations(): number {
    return ITERATIONS
  }

  /**
   * The password with which a ClientProof was made (RFC 5802 §3), and its keys; undefined: with none of the account's.
   * Without an account it takes as long as with one.
   */
  findByProof(
    account: string | undefined,
    hash: ScramHash,
    authMessage: Uint8Array,
    proof: Uint8Array,
  ): { name: string; keys: ScramKeys } | undefined {
    return this.#find(account, hash, (keys) => isProofOf(hash, keys, authMessage, proof))
  }

  /** The name of the password that this is; undefined: none of the account's. */
  findByPassword(account: string | undefined, password: string): string | undefined {
    const prepared = saslPrep(password.slice(0, MAX_PASSWORD_LENGTH + 1)) ?? ''
    const given = scramKeys('sha256', prepared, this.salt('sha256', account ?? ''), ITERATIONS)
    return this.#find(account, 'sha256', (keys) => isSameSecret(keys.storedKey, given.storedKey))?.name
  }

  /** Notes that somebody has logged in with it. */
  used(account: string, name: string): void {
    const nowMs = this.#clock.wallMs()
    const row = this.#store.read.get(clientPasswordsTable, [account, name])
    if (row === undefined || Math.abs(nowMs - (row.used_ms ?? 0)) < USED_GRAIN_MS) {
      return
    }
    // Nobody waits for it; a disk that cannot take it says so to those who do.
    this.#store
      .transaction((transaction) => transaction.put(clientPasswordsTable, { ...row, used_ms: nowMs }))
      .catch(() => undefined)
  }

  #find(
    account: string | undefined,
    hash: ScramHash,
    isIt: (keys: ScramKeys) => boolean,
  ): { name: string; keys: ScramKeys } | undefined {
    const rows = account === undefined ? [] : this.#rows(account)
    let found: { name: string; keys: ScramKeys } | undefined
    for (const row of rows) {
      const keys = keysOf(row, hash)
      if (isIt(keys) && !this.#isExpired(row)) {
        found ??= { name: row.name, keys }
      }
    }
    if (rows.length === 0) {
      isIt({ storedKey: new Uint8Array(hash === 'sha1' ? 20 : 32), serverKey: new Uint8Array(0) })
    }
    return found
  }

  #rows(account: string): PasswordRow[] {
    return this.#store.read.list(clientPasswordsTable, { prefix: [account], limit: MAX_PASSWORDS_PER_ACCOUNT })
  }

  #isExpired(row: PasswordRow): boolean {
    return row.expires_ms !== null && row.expires_ms <= this.#clock.wallMs()
  }

  #insert(transaction: Transaction, row: PasswordRow): void {
    const { account, name } = row
    if (transaction.get(clientPasswordsTable, [account, name]) !== undefined) {
      throw new StanzaError('conflict', `There is a password named ${name} already.`)
    }
    for (const other of transaction.list(clientPasswordsTable, { prefix: [account] })) {
      if (this.#isExpired(other)) {
        transaction.delete(clientPasswordsTable, [account, other.name])
      }
    }
    if (transaction.count(clientPasswordsTable, { prefix: [account] }) >= MAX_PASSWORDS_PER_ACCOUNT) {
      throw new StanzaError(
        'resource-constraint',
        `An account can have ${MAX_PASSWORDS_PER_ACCOUNT} passwords. Revoke one first.`,
      )
    }
    transaction.put(clientPasswordsTable, row)
  }

  #makeKeys(account: string, password: string): Omit<PasswordRow, 'account' | 'name' | `${string}_ms`> {
    const salts = { sha1: this.salt('sha1', account), sha256: this.salt('sha256', account) }
    const sha1 = scramKeys('sha1', password, salts.sha1, ITERATIONS)
    const sha256 = scramKeys('sha256', password, salts.sha256, ITERATIONS)
    return {
      iterations: ITERATIONS,
      sha1_salt: salts.sha1,
      sha1_stored_key: sha1.storedKey,
      sha1_server_key: sha1.serverKey,
      sha256_salt: salts.sha256,
      sha256_stored_key: sha256.storedKey,
      sha256_server_key: sha256.serverKey,
    }
  }

  #homeSecret(): Uint8Array {
    const kept = this.#secret ?? this.#store.read.get(scramSecretTable, [0])?.secret
    this.#secret = kept ?? this.#random.bytes(SECRET_BYTES)
    return this.#secret
  }
}

function keysOf(row: PasswordRow, hash: ScramHash): ScramKeys {
  return hash === 'sha1'
    ? { storedKey: row.sha1_stored_key, serverKey: row.sha1_server_key }
    : { storedKey: row.sha256_stored_key, serverKey: row.sha256_server_key }
}

function checkName(name: string): void {
  if (name.trim() !== name || name === '' || name.length > MAX_NAME_LENGTH || /[\p{C}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new StanzaError(
      'not-acceptable',
      `The name of a password has 1 to ${MAX_NAME_LENGTH} printable characters and no space around it.`,
    )
  }
}

function checkPassword(password: string): string {
  const prepared = password.length > MAX_PASSWORD_LENGTH ? undefined : saslPrep(password)
  if (prepared === undefined || prepared === '') {
    throw new StanzaError(
      'not-acceptable',
      `A password has 1 to ${MAX_PASSWORD_LENGTH} characters, all of them printable.`,
    )
  }
  return prepared
}
