import { randomUUID } from 'node:crypto'
import { type Element, element, NS_OWNER } from '../../src/client.ts'
import type { MessageView } from './messages.ts'
import type { NodeClient } from './node-client.ts'

/** Message archive management (XEP-0313) and what it is made of. */
const NS_MAM = 'urn:xmpp:mam:2'
const NS_DATA_FORM = 'jabber:x:data'
const NS_RSM = 'http://jabber.org/protocol/rsm'
const NS_FORWARD = 'urn:xmpp:forward:0'
const NS_DELAY = 'urn:xmpp:delay'

/** Messages asked for at once; the node may give fewer. */
const PAGE_MESSAGES = 250

/** A message with its id in the account's archive. */
export interface ArchivedView extends MessageView {
  readonly archiveId: string
}

/** The newest `limit` messages with text with `peer`, oldest first. */
export async function newestMessages(
  client: NodeClient,
  peer: string,
  limit: number,
): Promise<readonly ArchivedView[]> {
  const pages: (readonly ArchivedView[])[] = []
  let missing = limit
  let before = ''
  while (missing > 0) {
    const page = await readPage(client, peer, before)
    const views = (await withStates(client, page.results)).filter(({ body }) => body !== '').slice(-missing)
    pages.unshift(views)
    missing -= views.length
    before = page.first
    if (page.isComplete || before === '') {
      break
    }
  }
  return pages.flat()
}

/** The message of the archive as the command line shows it; `from` and `to` as bare JIDs. */
export function archivedView(account: string, archiveId: string, message: Element, stamp: Date): ArchivedView {
  const [from = account, to = account] = [bare(message.attribute('from')), bare(message.attribute('to'))]
  const body = message.child('body')?.text() ?? ''
  const isOut = from === account && to !== account
  return {
    archiveId,
    id: archiveId,
    from,
    to,
    body,
    stamp: stamp.toISOString(),
    direction: isOut ? 'out' : 'in',
    state: isOut ? 'queued' : 'received',
  }
}

/** The same messages with the ids under which nodes know them, and where they stand. */
export async function withStates(client: NodeClient, views: readonly ArchivedView[]): Promise<readonly ArchivedView[]> {
  if (views.length === 0) {
    return views
  }
  const asked = views.map(({ archiveId }) => element('message', NS_OWNER, { 'archive-id': archiveId }))
  const states = await client.query('get', element('states', NS_OWNER, {}, asked))
  const known = new Map(
    states?.elements('message', NS_OWNER).map((state) => [state.attribute('archive-id'), state.attributes]),
  )
  return views.map((view) => {
    const { id, state, direction } = known.get(view.archiveId) ?? {}
    return {
      ...view,
      id: id ?? view.id,
      state: (state as MessageView['state'] | undefined) ?? view.state,
      direction: (direction as MessageView['direction'] | undefined) ?? view.direction,
    }
  })
}

/** A message without the id that only the archive knows. */
export function messageView({ archiveId: _archiveId, ...view }: ArchivedView): MessageView {
  return view
}

interface Page {
  readonly results: readonly ArchivedView[]
  /** Archive id of its first message. */
  readonly first: string
  readonly isComplete: boolean
}

/** XEP-0313 §4 with a page from the end (XEP-0059 §2.5). */
async function readPage(client: NodeClient, peer: string, before: string): Promise<Page> {
  const queryId = randomUUID()
  const results: ArchivedView[] = []
  const stopListening = client.onStanza((stanza) => {
    const result = stanza.child('result', NS_MAM)
    // XEP-0313 §9.1: whoever else sends results forges history.
    if (
      result?.attribute('queryid') === queryId &&
      (bare(stanza.attribute('from')) ?? client.address) === client.address
    ) {
      results.push(readResult(client.address, result))
    }
  })
  try {
    const fin = await client.query('set', archiveQuery(queryId, peer, before))
    const first = fin?.child('set', NS_RSM)?.child('first')?.text() ?? ''
    return { results, first, isComplete: fin?.attribute('complete') === 'true' }
  } finally {
    stopListening()
  }
}

function archiveQuery(queryId: string, peer: string, before: string): Element {
  const field = (name: string, value: string): Element =>
    element('field', NS_DATA_FORM, { var: name }, [element('value', NS_DATA_FORM, {}, [value])])
  const form = element('x', NS_DATA_FORM, { type: 'submit' }, [field('FORM_TYPE', NS_MAM), field('with', peer)])
  const page = element('set', NS_RSM, {}, [
    element('max', NS_RSM, {}, [String(PAGE_MESSAGES)]),
    element('before', NS_RSM, {}, before === '' ? [] : [before]),
  ])
  return element('query', NS_MAM, { queryid: queryId }, [form, page])
}

function readResult(account: string, result: Element): ArchivedView {
  const forwarded = result.child('forwarded', NS_FORWARD)
  const message = forwarded?.elements('message')[0] ?? element('message', 'jabber:client')
  const stamp = new Date(forwarded?.child('delay', NS_DELAY)?.attribute('stamp') ?? 0)
  return archivedView(account, result.attribute('id') ?? '', message, stamp)
}

function bare(jid: string | undefined): string | undefined {
  return jid?.split('/', 1)[0]
}
