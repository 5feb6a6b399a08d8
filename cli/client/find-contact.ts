import { type Contact, IdentityError, parseAddress } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { ContactView } from './contacts.ts'

/** Whom a command means. */
export interface FoundContact extends Contact {
  /** A checksum vouches for the address. */
  readonly checked: boolean
}

/**
 * Reads an ADDRESS: a contact URI, a bare address, or the name of exactly one contact.
 *
 * @throws CliError `jid-malformed` for what is none of them, `item-not-found` for an ambiguous name
 */
export function findContact(contacts: readonly ContactView[], text: string): FoundContact {
  const named = contacts.filter(({ name }) => name !== undefined && name.toLowerCase() === text.trim().toLowerCase())
  if (named.length > 1) {
    throw new CliError(
      EXIT_CODES.failed,
      'item-not-found',
      `${named.length} contacts are called '${text}'; use the address of the one you mean`,
    )
  }
  if (named[0] !== undefined) {
    return { address: named[0].address, ...nameOf(named[0]), hints: [], checked: true }
  }
  const parsed = readAddress(text)
  const known = contacts.find(({ address }) => address === parsed.address)
  return {
    address: parsed.address,
    ...nameOf(known?.name === undefined ? parsed : known),
    hints: parsed.hints,
    checked: parsed.checked || known !== undefined,
  }
}

function nameOf({ name }: { readonly name?: string }): { readonly name?: string } {
  return name === undefined ? {} : { name }
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
