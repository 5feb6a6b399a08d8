import { readFileSync, statSync } from 'node:fs'
import {
  AccountKey,
  addOwnAccount,
  type ClientPasswords,
  type OwnKeys,
  readOwnKeys,
  type Store,
} from '../../src/index.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { badInput } from '../cli-error.ts'

/** Of the file. A test suite needs a handful; with more than 16 the node cannot talk to others (docs/protocol/stanza.md). */
const MAX_ACCOUNTS = 1_024

/** Of the file, bytes. */
const MAX_FILE_BYTES = 262_144

/** Of a password, in UTF-16 units, as for all of clients (`src/gateway/sasl/client-passwords.ts`). */
const MAX_PASSWORD_LENGTH = 256

/** Bytes of an Ed25519 seed. */
const SEED_BYTES = 32

/** The name under which the passwords of the file are listed. */
const PASSWORD_NAME = 'accounts file'

/** An account of `--accounts`. */
export interface NamedAccount {
  readonly name: string
  readonly password: string
}

/**
 * Reads the file of `--accounts`: a name and a password a line, separated by white space; empty lines and lines that
 * begin with `#` are skipped.
 *
 * @throws CliError
 */
export function readAccountsFile(path: string): readonly NamedAccount[] {
  if (statSync(path).size > MAX_FILE_BYTES) {
    throw badInput(`${path} is larger than ${MAX_FILE_BYTES} bytes`)
  }
  const accounts = parseAccounts(readFileSync(path, 'utf8'), path)
  if (accounts.length === 0 || accounts.length > MAX_ACCOUNTS) {
    throw badInput(`${path} has ${accounts.length} accounts, 1 to ${MAX_ACCOUNTS} are possible`)
  }
  return accounts
}

function parseAccounts(text: string, source: string): readonly NamedAccount[] {
  const seen = new Set<string>()
  return text.split('\n').flatMap((line, index) => {
    const [name = '', password = '', ...more] = line.trim().split(/\s+/)
    if (name === '' || name.startsWith('#')) {
      return []
    }
    const where = `${source}, line ${index + 1}`
    if (password === '' || more.length > 0) {
      throw badInput(`${where}: a name and a password are needed`)
    }
    if (password.length > MAX_PASSWORD_LENGTH || /\p{C}/u.test(password)) {
      throw badInput(`${where}: a password has up to ${MAX_PASSWORD_LENGTH} characters, all of them printable`)
    }
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) || /^00[0-9a-f]{64}$/.test(name)) {
      throw badInput(`${where}: a name has up to 64 of the characters a-z, 0-9, dot, dash and underscore`)
    }
    if (seen.has(name)) {
      throw badInput(`${where}: '${name}' stands there twice`)
    }
    seen.add(name)
    return [{ name, password }]
  })
}

/**
 * Makes the accounts that the home does not have yet; gives its keys afterwards, those of accounts that are not in the
 * file first: the owner of the home stays who he was before.
 */
export async function makeAccounts(store: Store, keys: OwnKeys, wanted: readonly NamedAccount[]): Promise<OwnKeys> {
  const known = new Set(keys.accounts.map(({ nickname }) => nickname))
  const random = new OsRandom()
  for (const { name } of wanted) {
    if (!known.has(name)) {
      await addOwnAccount(store, { key: AccountKey.fromSeed(random.bytes(SEED_BYTES)), nickname: name })
    }
  }
  const all = readOwnKeys(store.read) ?? keys
  const names = new Set<string | undefined>(wanted.map(({ name }) => name))
  const isInFile = ({ nickname }: { nickname: string | undefined }): boolean => names.has(nickname)
  return { ...all, accounts: [...all.accounts.filter((one) => !isInFile(one)), ...all.accounts.filter(isInFile)] }
}

/** Gives them the passwords of the file, in the place of those of the file before. */
export async function setPasswords(
  passwords: Pick<ClientPasswords, 'add' | 'revoke'>,
  keys: OwnKeys,
  wanted: readonly NamedAccount[],
): Promise<void> {
  const addresses = new Map(keys.accounts.map(({ key, nickname }) => [nickname, key.address]))
  for (const { name, password } of wanted) {
    const address = addresses.get(name) ?? ''
    await passwords.revoke(address, PASSWORD_NAME)
    await passwords.add(address, PASSWORD_NAME, { password })
  }
}
