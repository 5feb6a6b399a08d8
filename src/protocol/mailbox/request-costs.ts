import { LETTER_MAX_BYTES } from './letter-limits.ts'
import type { Answer, Verb } from './messages.ts'
import { EXCHANGED_IDS_MAX, EXCHANGED_TOMBSTONES_MAX } from './protocol.ts'

type Outcome = Exclude<keyof Answer, 'id'>
/** Verbs with exactly one answer. */
export type AskedVerb = Exclude<keyof Verb, 'collect' | 'prove' | 'grant' | 'stop'>

const SMALL_BYTES = 256
/** An account record. protocols.md */
const RECORD_BYTES = 32 * 1024

/** What may come back for each verb, and how many bytes that are at most. */
const EXPECTED: Readonly<Record<AskedVerb, { readonly outcomes: readonly Outcome[]; readonly bytes: number }>> = {
  putRecord: { outcomes: ['stored', 'refused'], bytes: SMALL_BYTES },
  getRecord: { outcomes: ['found', 'notFound', 'refused'], bytes: RECORD_BYTES },
  deposit: { outcomes: ['receipt', 'letterRefused'], bytes: SMALL_BYTES },
  acknowledge: { outcomes: ['done', 'letterRefused'], bytes: SMALL_BYTES },
  sync: { outcomes: ['compared', 'letterRefused'], bytes: SMALL_BYTES },
  exchange: {
    outcomes: ['differences', 'letterRefused'],
    bytes: 34 * EXCHANGED_IDS_MAX + 120 * EXCHANGED_TOMBSTONES_MAX,
  },
  fetch: { outcomes: ['replica', 'notFound', 'letterRefused'], bytes: LETTER_MAX_BYTES + SMALL_BYTES },
  replicate: { outcomes: ['done', 'letterRefused'], bytes: SMALL_BYTES },
}

const VERBS = Object.keys(EXPECTED) as AskedVerb[]

/** The verb of a request with one answer. */
export function verbOf(request: Verb): AskedVerb | undefined {
  return VERBS.find((verb) => request[verb] !== undefined)
}

/** Bytes of the longest answer. */
export function answerMaxBytes(verb: AskedVerb): number {
  return EXPECTED[verb].bytes
}

/** Whether an answer is of a kind that the verb may have. */
export function fits(answer: Answer, verb: AskedVerb): boolean {
  return EXPECTED[verb].outcomes.some((outcome) => answer[outcome] !== undefined)
}
