import { toBase64, toUtf8 } from '../util/bytes.ts'
import { sha1 } from '../util/sha1.ts'
import { type Element, element } from '../xml/element.ts'
import { NS_DATA_FORMS, NS_DISCO_INFO } from './namespaces.ts'

/** Entity capabilities (XEP-0115). */
export const NS_CAPS = 'http://jabber.org/protocol/caps'

/** What presence says of the capabilities of who sent it (XEP-0115 §4). */
export interface Caps {
  readonly node: string
  readonly ver: string
  /** Undefined in the legacy format (XEP-0115 §5.4 rule 1, §11). */
  readonly hash: string | undefined
}

/** The `<c/>` of a presence or of stream features; undefined if there is none. */
export function readCaps(parent: Element): Caps | undefined {
  const caps = parent.child('c', NS_CAPS)
  const node = caps?.attribute('node')
  const ver = caps?.attribute('ver')
  return node === undefined || ver === undefined ? undefined : { node, ver, hash: caps?.attribute('hash') }
}

/** The `<c/>` that announces a disco#info result under `node`, a URI of the program (XEP-0115 §4). */
export function capsElement(node: string, info: Element): Element {
  return element('c', NS_CAPS, { hash: 'sha-1', node, ver: capsVersion(info) })
}

/**
 * The verification string of a disco#info result (its `<query/>`), with SHA-1 (XEP-0115 §5.1).
 *
 * @returns undefined if the result is ill-formed (§5.4 rule 3)
 */
export function capsVersion(info: Element): string | undefined {
  const identities = info.elements('identity', NS_DISCO_INFO).map(identityText)
  const features = info.elements('feature', NS_DISCO_INFO).map((feature) => feature.attribute('var') ?? '')
  const forms = info.elements('x', NS_DATA_FORMS).filter(hasFormType)
  const formTypes = forms.map((form) => formTypeValues(form)[0] ?? '')
  // §5.4 rules 3.3 to 3.5: repeated identities, features or forms, and forms with several types.
  const repeats = [identities, features, formTypes].some((list) => new Set(list).size < list.length)
  if (repeats || forms.some((form) => new Set(formTypeValues(form)).size > 1)) {
    return undefined
  }
  const texts = forms.map((form) => [formTypeValues(form)[0] ?? '', formText(form)] as const)
  const sortedForms = texts.sort(([a], [b]) => compareOctets(a, b)).map(([, text]) => text)
  const lines = [...identities.sort(compareOctets), ...features.sort(compareOctets)].map((line) => `${line}<`)
  return toBase64(sha1(toUtf8([...lines, ...sortedForms].join(''))))
}

function identityText(identity: Element): string {
  const { category = '', type = '', 'xml:lang': lang = '', name = '' } = identity.attributes
  return `${category}/${type}/${lang}/${name}`
}

/** §5.4 rule 3.6: a form whose FORM_TYPE is missing or not hidden is ignored. */
function hasFormType(form: Element): boolean {
  return formTypeField(form)?.attribute('type') === 'hidden'
}

function formTypeField(form: Element): Element | undefined {
  return form.elements('field').find((field) => field.attribute('var') === 'FORM_TYPE')
}

function formTypeValues(form: Element): string[] {
  return values(formTypeField(form))
}

function formText(form: Element): string {
  const fields = form
    .elements('field')
    .filter((field) => field.attribute('var') !== 'FORM_TYPE')
    .map((field) => [field.attribute('var') ?? '', ...values(field).sort(compareOctets)])
    .sort(([a = ''], [b = '']) => compareOctets(a, b))
  return [formTypeValues(form)[0] ?? '', ...fields.flat()].map((line) => `${line}<`).join('')
}

function values(field: Element | undefined): string[] {
  return field?.elements('value').map((value) => value.text()) ?? []
}

/** The collation i;octet over UTF-8 (RFC 4790 §9.3): by code points, where JavaScript compares UTF-16 units. */
function compareOctets(a: string, b: string): number {
  const [left, right] = [toUtf8(a), toUtf8(b)]
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) {
      return difference
    }
  }
  return left.length - right.length
}
