import { createInterface } from 'node:readline/promises'
import {
  AccountKey,
  formatContactUri,
  IdentityError,
  NodeKey,
  nodeSchema,
  phraseFromSeed,
  readOwnKeys,
  type Store,
  seedFromPhrase,
  writeOwnKeys,
} from '../../src/index.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { badInput, CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findHome, type Home, makeHome } from '../find-home.ts'
import { homeCertificate } from '../node/home-certificate.ts'
import { readLastStart } from '../node/last-start.ts'
import { qrCode } from '../qr-code.ts'
import { readStdin } from '../read-stdin.ts'

/** Bytes of an Ed25519 seed. */
const SEED_BYTES = 32

/** Bytes read as a recovery phrase; the longest has 215 and some white space. */
const MAX_PHRASE_BYTES = 1_024

/** `kabber init [--name NICK] [--recover]` */
export async function init(
  context: CommandContext,
  _args: readonly string[],
  options: { name?: string; recover?: boolean },
): Promise<void> {
  const home = findHome(context)
  refuseUsed(home)
  const random = new OsRandom()
  const seed = options.recover === true ? await askForSeed() : random.bytes(SEED_BYTES)
  const account = AccountKey.fromSeed(seed)
  const node = NodeKey.fromSeed(random.bytes(SEED_BYTES))
  const uri = contactUri(account.address, options.name)
  makeHome(home)
  // Before the account: once that is on disk, nothing may fail that keeps its phrase from being shown.
  const { fingerprint } = await homeCertificate(home)
  const store = openSqliteStore(home.storePath, nodeSchema)
  try {
    await keepKeys(store, home, { node, accounts: [{ key: account, nickname: options.name }] })
  } finally {
    await store.close()
  }
  const self = { address: account.address, uri, peerId: node.peerId }
  const description = describe(self, fingerprint)
  if (options.recover === true) {
    context.output.result(self, `${description}\n\nRestored. Next: kabber start`)
    return
  }
  const recoveryPhrase = phraseFromSeed(seed)
  context.output.result({ ...self, recoveryPhrase }, `${description}\n\n${phraseText(recoveryPhrase)}`)
}

/** Before anybody has typed 24 words for nothing. */
function refuseUsed(home: Home): void {
  if (home.exists()) {
    throw usedHome(home)
  }
}

async function keepKeys(store: Store, home: Home, keys: Parameters<typeof writeOwnKeys>[1]): Promise<void> {
  if (readOwnKeys(store.read) !== undefined) {
    throw usedHome(home)
  }
  await writeOwnKeys(store, keys)
}

function usedHome(home: Home): CliError {
  return new CliError(
    EXIT_CODES.failed,
    'conflict',
    `${home.path} holds ${readLastStart(home)?.isRelay === true ? 'a relay' : 'an account'} already and is left as it is; choose another folder with --home`,
  )
}

async function askForSeed(): Promise<Uint8Array> {
  if (!process.stdin.isTTY) {
    return seedFromPhrase(await readStdin(MAX_PHRASE_BYTES))
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return seedFromPhrase(await terminal.question('Recovery phrase (24 words): '))
  } finally {
    terminal.close()
  }
}

function contactUri(address: string, name: string | undefined): string {
  try {
    return formatContactUri({ address, name })
  } catch (error) {
    throw error instanceof IdentityError ? badInput(`the nickname cannot be used: ${error.message}`) : error
  }
}

function describe(self: { address: string; uri: string; peerId: string }, fingerprint: string): string {
  return [
    `address      ${self.address}`,
    `peer id      ${self.peerId}`,
    `contact URI  ${self.uri}`,
    '             give this to the people you want to talk to, or let them scan it:',
    '',
    qrCode(self.uri),
    '',
    `certificate  SHA-256 ${fingerprint}`,
    '             what XMPP clients show when they first connect to this node',
  ].join('\n')
}

function phraseText(phrase: string): string {
  const words = phrase.split(' ').map((word, index) => `${String(index + 1).padStart(2)} ${word.padEnd(9)}`)
  const rows = [0, 6, 12, 18].map((start) => `    ${words.slice(start, start + 6).join(' ')}`.trimEnd())
  return [
    'Recovery phrase. Write these 24 words down on paper, now: they are shown once. Whoever has them is you;',
    'without them nobody can bring this account back when this disk is lost.',
    '',
    ...rows,
    '',
    'Next: kabber start',
  ].join('\n')
}
