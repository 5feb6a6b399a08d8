import type { ArchiveQuery } from '../../../node/api.ts'
import { stampFromText } from '../../../util/date-time.ts'
import { type Element, element } from '../../../xml/element.ts'
import { type DataFormValues, dataForm, submittedForm } from '../../../xmpp/data-form.ts'
import { Jid } from '../../../xmpp/jid.ts'
import { readResultSetRequest } from '../../../xmpp/result-set.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'

/** Message archive management (XEP-0313). */
export const NS_ARCHIVE = 'urn:xmpp:mam:2'
/** Data forms validation (XEP-0122). */
const NS_VALIDATE = 'http://jabber.org/protocol/xdata-validate'

/** Messages of a page for which no number is asked. *ours* */
const DEFAULT_PAGE = 50
/** Messages of a page; who asks for more gets these (XEP-0313 §4.3.1). *ours* */
const MAX_PAGE = 250
/** Messages that can be asked for by their ids at once: all of them are one page. *ours* */
const MAX_IDS = 250

const FIELDS = new Set(['FORM_TYPE', 'with', 'start', 'end', 'before-id', 'after-id', 'ids', 'include-groupchat'])

/** A query as it was read. */
export interface ArchiveRequest {
  readonly query: ArchiveQuery
  /** Ids that must be in the archive, although the query does not depend on them (XEP-0313 §4.1.3). */
  readonly known: readonly string[]
  /** Only whether there is anything is asked (XEP-0059 §2.7). */
  readonly isEmptyPage: boolean
  /** The page is sent newest first (XEP-0313 §4.3.4). */
  readonly isFlipped: boolean
}

/**
 * Reads a `<query/>` of XEP-0313 §4.
 *
 * @throws StanzaError `bad-request`, `jid-malformed`, `policy-violation`, `feature-not-implemented` for a field that is not
 *   known (§4.1.5)
 */
export function readArchiveRequest(payload: Element): ArchiveRequest {
  const form = submittedForm(payload, NS_ARCHIVE) ?? new Map<string, readonly string[]>()
  const stranger = [...form.keys()].find((name) => !FIELDS.has(name))
  if (stranger !== undefined) {
    throw new StanzaError('feature-not-implemented', 'The archive does not know one of the fields.')
  }
  const { max, after, before } = readResultSetRequest(payload)
  const afterIds = namedIds(idValue(form, 'after-id'), after)
  const beforeIds = namedIds(idValue(form, 'before-id'), before)
  const ids = idsValue(form)
  const filter: Record<Exclude<keyof ArchiveQuery, 'resumeAt'>, unknown> = {
    with: jidValue(form),
    startMs: stampValue(form, 'start'),
    endMs: stampValue(form, 'end'),
    afterId: afterIds.at(-1),
    beforeId: beforeIds[0],
    ids,
    fromEnd: before !== undefined,
    limit: Math.max(1, Math.min(max ?? ids?.length ?? DEFAULT_PAGE, MAX_PAGE)),
  }
  return {
    query: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
    known: [...afterIds.slice(0, -1), ...beforeIds.slice(1)],
    isEmptyPage: max === 0,
    isFlipped: payload.child('flip-page') !== undefined,
  }
}

/** The form that lists what can be asked for (XEP-0313 §4.1.5). */
export function archiveForm(): Element {
  const open = element('open', NS_VALIDATE)
  const validate = element('validate', NS_VALIDATE, { datatype: 'xs:string' }, [open])
  return dataForm('form', NS_ARCHIVE, [
    { name: 'with', type: 'jid-single' },
    { name: 'start', type: 'text-single' },
    { name: 'end', type: 'text-single' },
    { name: 'before-id', type: 'text-single' },
    { name: 'after-id', type: 'text-single' },
    { name: 'ids', type: 'list-multi', children: [validate] },
    { name: 'include-groupchat', type: 'boolean' },
  ])
}

function jidValue(form: DataFormValues): string | undefined {
  const text = form.get('with')?.[0]
  return text === undefined || text === '' ? undefined : Jid.parse(text).toString()
}

function stampValue(form: DataFormValues, name: 'end' | 'start'): number | undefined {
  const text = form.get(name)?.[0]
  if (text === undefined || text === '') {
    return undefined
  }
  const stampMs = stampFromText(text)
  if (stampMs === undefined) {
    throw new StanzaError('bad-request', 'This is no point in time as XEP-0082 writes them.')
  }
  return stampMs
}

function idValue(form: DataFormValues, name: 'after-id' | 'before-id'): string | undefined {
  return form.get(name)?.[0]
}

/** The ids that name a message, in the order of the archive; an empty `<before/>` names none but the end (XEP-0059 §2.5). */
function namedIds(...ids: readonly (string | undefined)[]): string[] {
  return ids.filter((id): id is string => id !== undefined && id !== '').sort(compareArchiveIds)
}

function idsValue(form: DataFormValues): readonly string[] | undefined {
  const ids = form.get('ids')
  if (ids !== undefined && ids.length > MAX_IDS) {
    throw new StanzaError('policy-violation', 'These are too many messages at once.')
  }
  return ids === undefined || ids.length === 0 ? undefined : [...new Set(ids)]
}

/** The order of the archive: ids are numbers without leading zeros that grow. What is none is somewhere, and not found. */
export function compareArchiveIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b))
}
