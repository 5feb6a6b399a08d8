import type { Element } from '../xml/element.ts'

/** How somebody is there: `<show/>` of RFC 6121 §4.7.2.1, `available` without one, `unavailable` when nothing is known. */
export type Availability = 'available' | 'chat' | 'away' | 'xa' | 'dnd' | 'unavailable'

const SHOW_VALUES: ReadonlySet<string> = new Set<Availability>(['chat', 'away', 'xa', 'dnd'])

/** Most willing to talk first. */
const BY_WILLINGNESS: readonly Availability[] = ['chat', 'available', 'away', 'xa', 'dnd']

/** Availability over the available presences of all resources: that of the one most willing to talk. */
export function availabilityOf(presences: Iterable<Element>): Availability {
  const all = new Set(Array.from(presences, showOf))
  return BY_WILLINGNESS.find((availability) => all.has(availability)) ?? 'unavailable'
}

function showOf(presence: Element): Availability {
  const show = presence.child('show')?.text() ?? ''
  return SHOW_VALUES.has(show) ? (show as Availability) : 'available'
}
