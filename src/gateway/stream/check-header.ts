import type { Element } from '../../xml/element.ts'
import type { StreamHeader } from '../../xml/stream-parser.ts'
import { Jid } from '../../xmpp/jid.ts'
import { NS_CLIENT, NS_STREAM } from '../../xmpp/namespaces.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { SERVER_DOMAIN } from '../sasl/user-names.ts'

/** Whether a version is 1.0 or a later one; ours, the lower one, is answered then (RFC 6120 §4.7.5). */
const SUPPORTED_VERSION = /^0*[1-9][0-9]{0,8}\.[0-9]{1,9}$/
/** BCP 47 §2.1.1, §4.4.1: letters, digits and hyphens; 35 characters are enough for all. */
const LANGUAGE_TAG = /^[A-Za-z0-9-]{1,35}$/

/**
 * Checks the header of a client's stream (RFC 6120 §4.7, §4.8).
 *
 * @returns whom it says it is: `from`, a JID or undefined
 * @throws StreamError
 */
export function checkHeader({ element, prefix, defaultNamespace }: StreamHeader): Jid | undefined {
  if (element.namespace !== NS_STREAM) {
    throw new StreamError('invalid-namespace')
  }
  if (element.name !== 'stream') {
    throw new StreamError('bad-format')
  }
  // §4.8.5: others are allowed by the letter and understood by nobody.
  if (prefix !== 'stream') {
    throw new StreamError('bad-namespace-prefix')
  }
  // §4.8.3: each stanza may declare its namespace itself.
  if (defaultNamespace !== NS_CLIENT && defaultNamespace !== '') {
    throw new StreamError('invalid-namespace')
  }
  const { from, to, version } = element.attributes
  if (to !== undefined && Jid.tryParse(to)?.toString() !== SERVER_DOMAIN) {
    throw new StreamError('host-unknown', `The XMPP domain here is ${SERVER_DOMAIN}.`)
  }
  if (version === undefined || !SUPPORTED_VERSION.test(version)) {
    throw new StreamError('unsupported-version')
  }
  const jid = from === undefined ? undefined : Jid.tryParse(from)
  if (from !== undefined && jid?.domain !== SERVER_DOMAIN) {
    // COMPAT(sendxmpp, 1.24): it names its machine there, which claims nobody's account.
    if (jid !== undefined && jid.local === undefined) {
      return undefined
    }
    throw new StreamError('invalid-from')
  }
  return jid
}

/** The language of what follows (RFC 6120 §4.7.4), if it is a language tag. */
export function languageOf(header: Element): string | undefined {
  const language = header.attribute('xml:lang')
  return language !== undefined && LANGUAGE_TAG.test(language) ? language : undefined
}
