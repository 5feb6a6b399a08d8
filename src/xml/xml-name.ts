/** What the prefix `xml` is bound to, always and alone (Namespaces in XML 1.0 §3). */
export const NS_XML = 'http://www.w3.org/XML/1998/namespace'

/** What the prefix `xmlns` is bound to; nothing else may name it (Namespaces in XML 1.0 §3). */
export const NS_XMLNS = 'http://www.w3.org/2000/xmlns/'

const NAME = /^[A-Za-z_:][A-Za-z0-9_.:-]*$/
const NC_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/
const NAMESPACE = /^[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]*$/

/*
 * COMPAT(clients on expat, all versions): names are ASCII and namespaces have the characters of a URI (RFC 3986 §2).
 * Of other names the editions of XML 1.0 differ in what they allow, and expat ends the stream at a namespace that
 * contains its separator: whoever could send such a thing through us could cut off a client, or be read differently
 * by it. No XMPP extension has either.
 */

/** Whether `name` is a qualified name as far as single characters go: where colons stand is not looked at. */
export function isName(name: string): boolean {
  return NAME.test(name)
}

/** Whether `name` is a name without a colon (NCName of Namespaces in XML 1.0 §3). */
export function isNcName(name: string): boolean {
  return NC_NAME.test(name)
}

/** Whether `namespace` may name a namespace; the empty string stands for none. */
export function isNamespace(namespace: string): boolean {
  return NAMESPACE.test(namespace) && namespace !== NS_XMLNS
}
