/** Length of each part of a JID in octets of UTF-8 (RFC 7622 §3.2 to §3.4). */
export const MAX_JID_PART_BYTES = 1_023

/** Length of a DNS label in octets (RFC 1035 §2.3.4). */
const MAX_LABEL_BYTES = 63

// What almost every localpart and domainpart is: already in the form in which it is compared.
const PLAIN_LOCALPART = /^[a-z0-9!#$%()*+,.;=?[\\\]^_`{|}~-]{1,1023}$/
const PLAIN_DOMAINPART = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
const PLAIN_RESOURCEPART = /^[\x20-\x7e]{1,1023}$/

// Printable ASCII, letters, digits and marks: the IdentifierClass of RFC 8264 §4.2.
const IDENTIFIER = /^[\x21-\x7e\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]+$/u
/** RFC 7622 §3.3.1. */
const FORBIDDEN_IN_LOCALPART = /["&'/:<>@]/
const LABEL = /^[a-z0-9_\p{Ll}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}-]+$/u
const IPV6_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/
const WIDE_OR_NARROW = /[\uff01-\uffee]/g
// Full stops that IDNA2003 and people take for one (RFC 5895 §2).
const IDEOGRAPHIC_FULL_STOP = /[\u3002\uff0e\uff61]/g
const NON_ASCII_SPACE = /[\p{Zs}--[ ]]/gv
const FORBIDDEN_IN_RESOURCEPART = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u

const encoder = new TextEncoder()

/*
 * COMPAT(RFC 7622): of PRECIS (RFC 8264, 8265) the width, case, space and normalization rules are applied, and the
 * character classes by Unicode general category. Not done: the bidi rule, contextual rules (joiners are refused in
 * localparts, accepted in resourceparts), the table of exceptions, and unassigned or default ignorable code points of
 * resourceparts. Of domainparts, A-labels are not converted to U-labels and IDNA2008 validity is not checked. Account
 * addresses (XEP-0516) are ASCII, so this concerns addresses of other networks only.
 */

/** The localpart in the form in which it is stored and compared (UsernameCaseMapped), or undefined if illegal. */
export function prepareLocalpart(text: string): string | undefined {
  if (PLAIN_LOCALPART.test(text)) {
    return text
  }
  const mapped = foldCase(text.replace(WIDE_OR_NARROW, (character) => character.normalize('NFKC')))
  const legal = IDENTIFIER.test(mapped) && mapped.normalize('NFKC') === mapped && !FORBIDDEN_IN_LOCALPART.test(mapped)
  return legal && isStable(mapped, foldCase) ? mapped : undefined
}

/** The domainpart in the form in which it is stored and compared, or undefined if illegal (RFC 7622 §3.2). */
export function prepareDomainpart(text: string): string | undefined {
  if (text.length <= MAX_JID_PART_BYTES && PLAIN_DOMAINPART.test(text)) {
    return text
  }
  const mapped = foldCase(text.replace(IDEOGRAPHIC_FULL_STOP, '.')).replace(/\.$/, '')
  const legal = IPV6_LITERAL.test(mapped) || mapped.split('.').every(isLabel)
  return legal && isStable(mapped, foldCase) ? mapped : undefined
}

/** The resourcepart in the form in which it is stored and compared (OpaqueString), or undefined if illegal. */
export function prepareResourcepart(text: string): string | undefined {
  if (PLAIN_RESOURCEPART.test(text)) {
    return text
  }
  const mapped = text.replace(NON_ASCII_SPACE, ' ').normalize('NFC')
  return isStable(mapped, (again) => again.normalize('NFC')) && !FORBIDDEN_IN_RESOURCEPART.test(mapped)
    ? mapped
    : undefined
}

function foldCase(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC')
}

/** What changes when it is prepared again would not equal itself at the next node (RFC 8264 §7). */
function isStable(mapped: string, map: (text: string) => string): boolean {
  const bytes = encoder.encode(mapped).length
  return bytes >= 1 && bytes <= MAX_JID_PART_BYTES && map(mapped) === mapped
}

function isLabel(label: string): boolean {
  return (
    LABEL.test(label) &&
    label.normalize('NFKC') === label &&
    encoder.encode(label).length <= MAX_LABEL_BYTES &&
    !label.startsWith('-') &&
    !label.endsWith('-')
  )
}
