import { XmlError } from './xml-error.ts'

const CDATA_START = '<![CDATA['
const CDATA_END = ']]>'

// A CDATA section, anything else that begins like a declaration or processing instruction, or a reference to an entity
// that is neither one of the five nor a character.
const SUSPECT = /<!\[CDATA\[|<[!?]|&(?!(?:amp|lt|gt|quot|apos);)[^#;&<>"'\s][^;&<>"'\s]*;/g

/**
 * Refuses what XMPP forbids (RFC 6120 §11.1): declarations, DOCTYPE, comments, processing instructions, and entities
 * other than the five, before a parser has seen any of it.
 *
 * Only ever adds refusals: text that a parser reads differently from this scan is not well-formed anyway, since
 * outside of CDATA sections `<` begins markup wherever it may stand.
 */
export function refuseRestrictedMarkup(text: string): void {
  if (!text.includes('<!') && !text.includes('<?') && !text.includes('&')) {
    return
  }
  SUSPECT.lastIndex = 0
  for (let found = SUSPECT.exec(text); found !== null; found = SUSPECT.exec(text)) {
    if (found[0] !== CDATA_START) {
      throw new XmlError('restricted-xml', `restricted XML: ${found[0]}`)
    }
    const end = text.indexOf(CDATA_END, SUSPECT.lastIndex)
    if (end === -1) {
      return
    }
    SUSPECT.lastIndex = end + CDATA_END.length
  }
}
