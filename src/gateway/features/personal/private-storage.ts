import { type Element, element } from '../../../xml/element.ts'
import { NS_BOOKMARKS_LEGACY, NS_VCARD } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { FeatureRequest } from '../feature.ts'
import { ownerSession } from '../request-target.ts'
import { bookmarkStorage, replaceBookmarks } from './bookmarks.ts'
import type { Pep } from './pep.ts'
import type { PrivateRows } from './private-rows.ts'

/** Private XML storage (XEP-0049). */
export const NS_PRIVATE = 'jabber:iq:private'

interface PrivateStorageParts {
  readonly rows: PrivateRows
  readonly pep: Pep
}

/** Answers requests for private storage. Bookmarks are those of PEP (XEP-0411). */
export async function answerPrivateStorage(
  { rows, pep }: PrivateStorageParts,
  request: FeatureRequest,
): Promise<Element | undefined> {
  ownerSession(request)
  const elements = request.payload.elements()
  elements.forEach(checkNamespace)
  if (request.type === 'get') {
    const [wanted, second] = elements
    if (wanted === undefined || second !== undefined) {
      throw new StanzaError('bad-request', 'One element can be asked for at a time.')
    }
    // XEP-0049 §5.2: what is not there is answered as it was asked.
    const found = isBookmarks(wanted) ? bookmarkStorage(pep) : rows.get(wanted.name, wanted.namespace)
    return element('query', NS_PRIVATE, undefined, [found ?? element(wanted.name, wanted.namespace)])
  }
  if (elements.length === 0) {
    throw new StanzaError('not-acceptable', 'There is nothing to keep.')
  }
  await pep.change((changes) => {
    for (const one of elements) {
      if (isBookmarks(one)) {
        replaceBookmarks(changes, one)
      } else {
        rows.put(changes.transaction, one)
      }
    }
  })
  return undefined
}

function isBookmarks({ name, namespace }: Element): boolean {
  return name === 'storage' && namespace === NS_BOOKMARKS_LEGACY
}

/** XEP-0049 §5.3: namespaces that belong to the protocol itself. */
function checkNamespace({ namespace }: Element): void {
  if (namespace === '' || namespace === NS_VCARD || namespace.startsWith('jabber:')) {
    throw new StanzaError('not-acceptable', 'This namespace cannot be kept in private storage.')
  }
}
