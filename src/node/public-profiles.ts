import {
  NICKNAME_MAX_BYTES,
  PROFILE_ITEMS_MAX,
  PROFILE_NAME_MAX_BYTES,
  PROFILE_PAYLOAD_MAX_BYTES,
  type Profile,
  type ProfileItem,
} from '../identity/account-record-message.ts'
import type { Reader, Transaction } from '../system/store.ts'
import { toUtf8 } from '../util/bytes.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { serialize } from '../xml/serializer.ts'
import { XmlError } from '../xml/xml-error.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import type { PublicItem, PublicProfile } from './api.ts'
import { publicProfilesTable } from './tables/public-profiles.ts'

/** What the accounts of this home show to everybody, as their owners last set it here. */
export class PublicProfiles {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  get(account: string): Profile | undefined {
    const row = this.#reader.get(publicProfilesTable, [account])
    const items = (): ProfileItem[] => JSON.parse(row?.items ?? '[]') as ProfileItem[]
    return row && { nickname: row.nickname, items: items(), updatedMs: row.updated_ms }
  }

  put(transaction: Transaction, account: string, { nickname, items, updatedMs }: Profile): void {
    transaction.put(publicProfilesTable, { account, nickname, items: JSON.stringify(items), updated_ms: updatedMs })
  }
}

/**
 * A profile as it is kept and published; items that no record may hold are left out.
 *
 * @throws StanzaError policy-violation: the nickname is too long
 */
export function profileOf({ nickname, items }: PublicProfile, updatedMs: number): Profile {
  if (toUtf8(nickname).length > NICKNAME_MAX_BYTES) {
    throw new StanzaError('policy-violation', `a nickname has at most ${NICKNAME_MAX_BYTES} bytes`)
  }
  const texts = items.map(({ node, id, payload }) => ({ node, id, payload: serialize(payload) }))
  return { nickname, items: texts.filter(isPossible).slice(0, PROFILE_ITEMS_MAX), updatedMs }
}

/** What a record says, for clients; items that are no XML element are left out. */
export function toPublicProfile({ nickname, items }: Profile): PublicProfile {
  return {
    nickname,
    items: items.flatMap(({ node, id, payload }): PublicItem[] => {
      const parsed = parsePayload(payload)
      return parsed === undefined ? [] : [{ node, id, payload: parsed }]
    }),
  }
}

function isPossible({ node, id, payload }: ProfileItem): boolean {
  const isName = (name: string): boolean => name !== '' && toUtf8(name).length <= PROFILE_NAME_MAX_BYTES
  return isName(node) && isName(id) && toUtf8(payload).length <= PROFILE_PAYLOAD_MAX_BYTES
}

function parsePayload(text: string): Element | undefined {
  try {
    return parseElement(text)
  } catch (error) {
    if (error instanceof XmlError) {
      return undefined
    }
    throw error
  }
}
