import { toUtf8 } from '../util/bytes.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'

/** Of the name of a roster item and of each of its groups; more is refused (RFC 6121 §2.3.3). *ours* */
const ROSTER_NAME_MAX_BYTES = 1_023
/** Groups of a roster item; more are refused. *ours* */
const ROSTER_GROUPS_MAX = 64

/** Name and groups as the owner gives them. */
export interface RosterItemSet {
  readonly name: string | undefined
  readonly groups: readonly string[]
}

/** Name and groups as they are kept. @throws StanzaError with the conditions of RFC 6121 §2.3.3 */
export function checkRosterItem({ name, groups }: RosterItemSet): { name: string | null; groups: readonly string[] } {
  if (new Set(groups).size < groups.length) {
    throw new StanzaError('bad-request', 'a group is named twice')
  }
  if (groups.length > ROSTER_GROUPS_MAX || groups.includes('') || ![name ?? '', ...groups].every(isShort)) {
    throw new StanzaError('not-acceptable', 'a name is too long or empty, or there are too many groups')
  }
  return { name: name === undefined || name === '' ? null : name, groups }
}

function isShort(name: string): boolean {
  return toUtf8(name).length <= ROSTER_NAME_MAX_BYTES && name.isWellFormed()
}
