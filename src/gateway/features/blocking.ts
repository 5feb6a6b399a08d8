import type { Account } from '../../node/api.ts'
import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { NS_CLIENT } from '../../xmpp/namespaces.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { ClientSession } from '../client-session.ts'
import type { Feature, FeatureContext, FeatureRequest } from './feature.ts'
import { notUnderstood, ownerSession } from './request-target.ts'

/** Blocking command (XEP-0191). */
const NS_BLOCKING = 'urn:xmpp:blocking'

/** JIDs of one block or unblock. *ours* */
const MAX_ITEMS = 1_000

type BlockingContext = Pick<FeatureContext, 'account' | 'sessions'>

interface BlockingState {
  /** Who has requested the list, and is told of changes. */
  readonly interested: Set<ClientSession>
  /** Requests under way to unblock everybody. */
  unblockingAll: number
}

/** The owner's block list (XEP-0191); what it does to stanzas is the node's. */
export function blockingFeature(context: BlockingContext): Feature {
  const { account } = context
  const state: BlockingState = { interested: new Set(), unblockingAll: 0 }
  const unsubscribe = account.subscribe((event) => {
    if (event.type === 'blocked') {
      push(context, state.interested, listElement('block', event.jids))
    } else if (event.type === 'unblocked') {
      // XEP-0191 §3.5: that all are unblocked is said without items.
      push(context, state.interested, listElement('unblock', state.unblockingAll > 0 ? [] : event.jids))
    }
  })
  return {
    payloads: { account: [NS_BLOCKING] },
    disco: { account: [NS_BLOCKING], server: [NS_BLOCKING] },
    handle: (request: FeatureRequest) => handle(context, state, request),
    ended: (session) => {
      state.interested.delete(session)
    },
    stop: async () => unsubscribe(),
  }
}

async function handle(
  { account }: BlockingContext,
  state: BlockingState,
  request: FeatureRequest,
): Promise<Element | undefined> {
  const session = ownerSession(request)
  const { payload, type } = request
  if (type === 'get' && payload.name === 'blocklist') {
    state.interested.add(session)
    return listElement('blocklist', account.blocked())
  }
  if (type === 'set' && payload.name === 'block') {
    const jids = readItems(payload)
    if (jids.length === 0) {
      throw new StanzaError('bad-request', 'Whom to block is missing.') // XEP-0191 §3.3
    }
    await account.block(jids)
    return undefined
  }
  if (type === 'set' && payload.name === 'unblock') {
    await unblock(account, state, readItems(payload))
    return undefined
  }
  throw notUnderstood()
}

async function unblock(account: Account, state: BlockingState, jids: readonly string[]): Promise<void> {
  const all = jids.length === 0 ? 1 : 0
  state.unblockingAll += all
  try {
    await account.unblock(jids)
  } finally {
    state.unblockingAll -= all
  }
}

/** @throws StanzaError `bad-request`, `jid-malformed`, `policy-violation` */
function readItems(list: Element): string[] {
  const items = list.elements('item', NS_BLOCKING)
  if (items.length > MAX_ITEMS) {
    throw new StanzaError('policy-violation', 'These are too many at once.')
  }
  return items.map((item) => {
    const jid = item.attribute('jid')
    if (jid === undefined) {
      throw new StanzaError('bad-request', 'An item has no address.')
    }
    return Jid.parse(jid).toString()
  })
}

/** XEP-0191 §3.3: to all resources that have requested the list, the one that changed it as well. */
function push({ sessions }: BlockingContext, interested: ReadonlySet<ClientSession>, payload: Element): void {
  for (const session of interested) {
    const iq = element('iq', NS_CLIENT, { type: 'set', to: session.jid.toString() }, [payload])
    sessions.query(session, iq).catch(() => {}) // Nothing follows from what a client thinks of a push.
  }
}

function listElement(name: 'block' | 'blocklist' | 'unblock', jids: readonly string[]): Element {
  return element(
    name,
    NS_BLOCKING,
    {},
    jids.map((jid) => element('item', NS_BLOCKING, { jid })),
  )
}
