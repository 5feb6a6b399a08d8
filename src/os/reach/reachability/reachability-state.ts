import type { Reachability } from '../../../system/network.ts'

/** Networks whose answer about one address is kept; at the bound the oldest answer is forgotten. */
const MAX_ANSWERS_PER_ADDRESS = 8
/** Addresses about which answers are kept; at the bound the oldest is forgotten. */
const MAX_JUDGED_ADDRESSES = 8
/** Rounds in a row that must say otherwise before a known reachability changes. *ours* */
const CONTRARY_ROUNDS = 2
/** Networks in which nobody could dial the node, so that it counts as private; fewer do if there are no others to ask. */
const PRIVATE_ANSWERS = 2

/** How much older than the newest answer about an address another one may be: two rounds of questions and a half. */
const ANSWER_LIFE_MS = 1_500_000

/** What peers of one network last said about an address: dialled or not, when (monotonic milliseconds). */
interface Answer {
  readonly reached: boolean
  readonly atMs: number
}

/** What is known of the reachability of a node; values only, changed by the functions of this file. */
export interface ReachabilityState {
  readonly reachability: Reachability
  /** Address → observer's network → answer; the oldest first. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, Answer>>
  /** Rounds in a row that spoke against `reachability`. */
  readonly contrary: number
}

/** A node of which nothing is known, as after a change of networks. */
export const NOTHING_KNOWN: ReachabilityState = { reachability: 'unknown', answers: new Map(), contrary: 0 }

/** Somebody in `network` could dial `address`, or could not. One network has one voice: its latest. */
export function withAnswer(
  state: ReachabilityState,
  answer: { readonly address: string; readonly network: string } & Answer,
): ReachabilityState {
  const { address, network, reached, atMs } = answer
  const ofAddress = bounded(state.answers.get(address), network, { reached, atMs }, MAX_ANSWERS_PER_ADDRESS)
  return { ...state, answers: bounded(state.answers, address, ofAddress, MAX_JUDGED_ADDRESSES) }
}

/**
 * Forgets answers about addresses that are none of `addresses` any more, and those that newer ones about the same address
 * have made old. The last word stays, however old: that nobody is there to ask changes nothing.
 */
export function forgetting(state: ReachabilityState, addresses: ReadonlySet<string>): ReachabilityState {
  const answers = new Map<string, ReadonlyMap<string, Answer>>()
  for (const [address, byNetwork] of state.answers) {
    if (addresses.has(address)) {
      const newestMs = Math.max(...[...byNetwork.values()].map(({ atMs }) => atMs))
      answers.set(address, new Map([...byNetwork].filter(([, { atMs }]) => newestMs - atMs <= ANSWER_LIFE_MS)))
    }
  }
  return { ...state, answers }
}

/**
 * The machine is on other networks: what was said of addresses that it has no more is void, and one round may change the
 * verdict. It is not `unknown` at once, lest each virtual interface that comes or goes ends a relay's service.
 */
export function unsettled(state: ReachabilityState, keeps: (address: string) => boolean): ReachabilityState {
  const answers = new Map([...state.answers].filter(([address]) => keeps(address)))
  return { ...state, answers, contrary: state.reachability === 'unknown' ? 0 : CONTRARY_ROUNDS - 1 }
}

/** Addresses that strangers have dialled: a success weighs as much as a failure elsewhere, for only it is proven (by the nonce). */
export function verifiedAddresses({ answers }: ReachabilityState): readonly string[] {
  return [...answers].filter(([, byNetwork]) => isReached(byNetwork)).map(([address]) => address)
}

/**
 * Ends a round of questions. From `unknown` the first clear verdict counts; what is known changes only when two rounds in
 * a row say so, lest one bad minute moves the node's letters. `askable`: networks that could be asked.
 */
export function judged(state: ReachabilityState, askable: number): ReachabilityState {
  const verdict = verdictOf(state, askable)
  if (verdict === undefined) {
    return state
  }
  if (verdict === state.reachability) {
    return { ...state, contrary: 0 }
  }
  const contrary = state.contrary + 1
  return state.reachability === 'unknown' || contrary >= CONTRARY_ROUNDS
    ? { ...state, reachability: verdict, contrary: 0 }
    : { ...state, contrary }
}

/** Undefined: the answers do not tell. */
function verdictOf(state: ReachabilityState, askable: number): 'public' | 'private' | undefined {
  if (verifiedAddresses(state).length > 0) {
    return 'public'
  }
  const enough = Math.max(1, Math.min(PRIVATE_ANSWERS, askable))
  const refused = [...state.answers.values()].every((byNetwork) => byNetwork.size >= enough)
  return state.answers.size > 0 && refused ? 'private' : undefined
}

function isReached(byNetwork: ReadonlyMap<string, Answer>): boolean {
  const reached = [...byNetwork.values()].filter((answer) => answer.reached).length
  return reached > 0 && reached >= byNetwork.size - reached
}

function bounded<K, V>(map: ReadonlyMap<K, V> | undefined, key: K, value: V, maxEntries: number): ReadonlyMap<K, V> {
  const copy = new Map(map)
  copy.delete(key)
  copy.set(key, value)
  const oldest = copy.size > maxEntries ? copy.keys().next() : undefined
  if (oldest?.done === false) {
    copy.delete(oldest.value)
  }
  return copy
}
