import { type Account, IdentityError, type PeerAddresses, parseAddress } from '../../src/index.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'

/** Whom a command means. */
export interface FoundContact {
  readonly address: string
  readonly name: string | undefined
  readonly hints: readonly PeerAddresses[]
  /** A checksum vouches for the address. */
  readonly checked: boolean
}

/**
 * Reads an ADDRESS: a contact URI, a bare address, or the name of exactly one roster item.
 *
 * @throws CliError `jid-malformed` for what is none of them, `item-not-found` for an ambiguous name
 */
export function findContact(account: Account, text: string): FoundContact {
  const roster = account.roster()
  const named = roster.filter(({ name }) => name !== undefined && name.toLowerCase() === text.trim().toLowerCase())
  if (named.length > 1) {
    throw new CliError(
      EXIT_CODES.failed,
      'item-not-found',
      `${named.length} contacts are called '${text}'; use the address of the one you mean`,
    )
  }
  if (named[0] !== undefined) {
    return { address: named[0].jid, name: named[0].name, hints: [], checked: true }
  }
  const parsed = readAddress(text)
  const known = roster.find(({ jid }) => jid === parsed.address)
  return {
    address: parsed.address,
    name: known?.name ?? parsed.name,
    hints: parsed.hints,
    checked: parsed.checked || known !== undefined,
  }
}

/**
 * Reads a contact URI or a bare address.
 *
 * @throws CliError `jid-malformed`
 */
export function readAddress(text: string): ReturnType<typeof parseAddress> {
  try {
    return parseAddress(text)
  } catch (error) {
    if (error instanceof IdentityError) {
      const isName = !/[@:?]/.test(text)
      const message = isName ? `no contact is called '${text.slice(0, 80)}', and it is no address` : error.message
      throw new CliError(EXIT_CODES.usage, 'jid-malformed', message)
    }
    throw error
  }
}
