import { type Element, element } from '../xml/element.ts'
import { NS_RESULT_SET } from './namespaces.ts'
import { StanzaError } from './stanza-error.ts'

/** Which page of a result set is asked for (XEP-0059 §2). */
export interface ResultSetRequest {
  /** Most items of the page; 0 asks for the count alone (§2.7). */
  readonly max: number | undefined
  /** The page begins after this item (§2.2). */
  readonly after: string | undefined
  /** The page ends before this item (§2.3); empty: the last page (§2.5). */
  readonly before: string | undefined
}

/** The page that is given. */
export interface ResultSetPage {
  /** Of its first and last item; undefined when it has none. */
  readonly first: string | undefined
  readonly last: string | undefined
  /** Items of the whole set, if they were counted. */
  readonly count?: number
}

const MAX_NUMBER_DIGITS = 9
const NUMBER = /^\d+$/

/**
 * Reads the `<set/>` among the children of a query.
 *
 * @throws StanzaError `bad-request` for a `<max/>` that is no number, `feature-not-implemented` for paging by index (§2.6)
 */
export function readResultSetRequest(query: Element): ResultSetRequest {
  const set = query.child('set', NS_RESULT_SET)
  if (set?.child('index') !== undefined) {
    throw new StanzaError('feature-not-implemented', 'Pages are not counted, ask with after or before.')
  }
  const max = set?.child('max')?.text().trim()
  if (max !== undefined && (!NUMBER.test(max) || max.length > MAX_NUMBER_DIGITS)) {
    throw new StanzaError('bad-request', 'The size of a page is a number.')
  }
  return {
    max: max === undefined ? undefined : Number(max),
    after: set?.child('after')?.text(),
    before: set?.child('before')?.text(),
  }
}

/** The `<set/>` that says which page this is. */
export function resultSetElement(page: ResultSetPage): Element {
  const parts = { first: page.first, last: page.last, count: page.count?.toString() }
  const children = Object.entries(parts).flatMap(([name, text]) =>
    text === undefined ? [] : [element(name, NS_RESULT_SET, {}, [text])],
  )
  return element('set', NS_RESULT_SET, {}, children)
}
