import { type Field, type Kind, needed, optional } from './kind.ts'
import { NAME_PATTERN, NODES_MAX } from './limits.ts'
import { number, quantity, text, word } from './scalar-kinds.ts'
import type { Fault } from './scenario.ts'
import type { Amount, FaultText, Moment } from './scenario-file.ts'
import { either, mapped, section, tagged } from './section-kinds.ts'
import { DURATION, SHARE } from './units.ts'

const PERCENT = quantity(SHARE, { from: '0 %', to: '100 %' })

const PART: Kind<{ readonly share: number }> = mapped(PERCENT, (share) => ({ share }))

/** A duration, or a part of the scenario's duration. */
const MOMENT: Kind<Moment> = either<Moment>(
  [{ when: (place) => String(place.scalar).endsWith('%'), kind: PART }],
  mapped(quantity(DURATION, { from: '0 ms', to: '400 d' }), (ms) => ({ ms })),
)

/** A number of nodes or people, or a part of all. */
export const AMOUNT: Kind<Amount> = either<Amount>(
  [
    {
      when: (place) => typeof place.scalar === 'string',
      kind: mapped(quantity(SHARE, { from: '0 %', to: '1000 %' }), (share) => ({ share })),
    },
  ],
  mapped(number(0, NODES_MAX, true), (count) => ({ count })),
)

type TextOf<Name extends Fault['kind']> = Extract<FaultText, { readonly kind: Name }>

function head<const Name extends Fault['kind']>(
  name: Name,
  about: string,
): { readonly kind: Field<Name>; readonly at: Field<Moment> } {
  return {
    kind: needed(word([name], 'fault'), about),
    at: needed(MOMENT, 'When, from the end of the warm-up; or a part of the duration.'),
  }
}

const FOR: Field<Moment> = needed(MOMENT, 'How long; or a part of the duration.')

const KILL = section<TextOf<'kill'>>({
  ...head('kill', 'Nodes crash together, without goodbye.'),
  share: needed(PERCENT, 'Of the nodes, or of those of the class.'),
  return: optional(MOMENT, 'They come back after this long; without it, never.'),
  class: optional(text(32, NAME_PATTERN, 'the name of a class'), 'Only nodes of this class.'),
})

const PARTITION = section<TextOf<'partition'>>({
  ...head('partition', 'Two parts of the network that cannot reach each other.'),
  for: FOR,
  share: needed(PERCENT, 'Of the nodes, in the smaller part.'),
})

const FLASH_CROWD = section<TextOf<'flash-crowd'>>({
  ...head('flash-crowd', 'New nodes come all at once.'),
  nodes: needed(AMOUNT, 'How many; or a part of those there are.'),
  within: needed(MOMENT, 'They come within this long.'),
})

const SYBILS = section<TextOf<'sybils'>>({
  ...head('sybils', 'Nodes of an adversary, with keys as close to a target as can be.'),
  nodes: needed(AMOUNT, 'How many; or a part of the honest ones.'),
  target: needed(word(['mailbox', 'record'] as const, 'target'), 'What they gather around.'),
  behaviour: needed(word(['drop', 'lie'] as const, 'behaviour'), 'They answer nothing, or what is false.'),
})

const DEGRADE = section<TextOf<'degrade'>>({
  ...head('degrade', 'All links are worse for a while.'),
  for: FOR,
  latency: needed(number(1, 1_000, false), 'Delays are this many times as long.'),
  loss: needed(PERCENT, 'Of packets, on top.'),
})

/** Something that happens once, or begins and ends. */
export const FAULT: Kind<FaultText> = tagged<FaultText>('kind', 'fault', {
  kill: KILL,
  partition: PARTITION,
  'flash-crowd': FLASH_CROWD,
  sybils: SYBILS,
  degrade: DEGRADE,
})
