// RFC 3454: what is mapped to nothing (B.1), to a space (C.1.2), and what is prohibited (C.2 to C.9, as far as it is not
// unassigned, which a stored string must not hold either).
// biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points, joiners and selectors among them
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/gu
const MAPPED_TO_SPACE = /[\p{Zs}--[ \u200b]]/gv
const PROHIBITED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\ufffc\ufffd\u2ff0-\u2ffb]/u
/** RandALCat of RFC 3454 §6, as far as scripts tell: Hebrew, Arabic, Syriac, Thaana and their presentation forms. */
const RIGHT_TO_LEFT = /[\u05be-\u05f4\u061b-\u065f\u066d-\u07b1\u200f\ufb1d-\ufdff\ufe70-\ufefc]/u
const LEFT_TO_RIGHT = /[\p{L}--[\u05be-\u07b1\ufb1d-\ufefc]]/v

/**
 * Prepares a user name or password (RFC 4013), so that it compares equal however a keyboard composed it.
 *
 * @returns undefined if the text may not be one
 */
export function saslPrep(text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) {
    return text
  }
  const mapped = text.replace(MAPPED_TO_SPACE, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC')
  if (PROHIBITED.test(mapped)) {
    return undefined
  }
  return RIGHT_TO_LEFT.test(mapped) && !isBidirectional(mapped) ? undefined : mapped
}

/** RFC 3454 §6: right to left at both ends, and nothing from left to right in between. */
function isBidirectional(text: string): boolean {
  const characters = [...text]
  const ends = RIGHT_TO_LEFT.test(characters.at(0) ?? '') && RIGHT_TO_LEFT.test(characters.at(-1) ?? '')
  return ends && !LEFT_TO_RIGHT.test(text)
}
