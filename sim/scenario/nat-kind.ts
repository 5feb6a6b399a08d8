import { NAT_POPULATIONS } from '../nat/populations.ts'
import { NAT_PRESETS, natChain } from '../nat/presets.ts'
import { type Kind, needed, optional } from './kind.ts'
import { NAT_BOXES_MAX } from './limits.ts'
import { nearest } from './nearest.ts'
import type { Place } from './place.ts'
import { FLAG, number, quantity, word } from './scalar-kinds.ts'
import type { NatBehaviour, NatChain } from './scenario.ts'
import type { BoxText, NatRule, NatText } from './scenario-file.ts'
import { either, list, mapped, section } from './section-kinds.ts'
import { DURATION } from './units.ts'

type Box = NatChain[number]

const RULE: Kind<NatRule> = word(
  ['endpoint-independent', 'address-dependent', 'address-and-port-dependent'],
  'rule of RFC 4787',
)
const TIMEOUT = quantity(DURATION, { from: '1 s', to: '30 d' })
const PRESETS = Object.keys(NAT_PRESETS)

/** One box: a preset, or a preset with what is different about it. */
const OTHER_BOX: Kind<Box> = mapped(
  section<BoxText>({
    preset: needed(word(PRESETS, 'NAT preset'), 'What the box is like in all that is not said here.'),
    mapping: optional(RULE, 'Whether another destination gets another port (RFC 4787 §4.1).'),
    filtering: optional(RULE, 'From where packets come in (RFC 4787 §5).'),
    ports: optional(word(['preserving', 'sequential', 'random'], 'rule for ports'), 'Which ports it gives (§4.2).'),
    hairpinning: optional(FLAG, 'Whether two behind it reach each other by its address (§6).'),
    unsolicited: optional(
      word(['drop', 'reset', 'poison'], 'answer'),
      'What becomes of a TCP SYN that nobody asked for.',
    ),
    'tcp-idle': optional(TIMEOUT, 'A quiet TCP connection is forgotten.'),
    'tcp-opening': optional(TIMEOUT, 'A TCP connection that does not come about is forgotten.'),
    'udp-idle': optional(TIMEOUT, 'A quiet UDP mapping is forgotten.'),
    'udp-unanswered': optional(TIMEOUT, 'A UDP mapping that had no answer is forgotten.'),
    'udp-inbound-refresh': optional(FLAG, 'Whether packets from outside keep a UDP mapping (RFC 4787 REQ-6).'),
    mappings: optional(number(1, 1_000_000, true), 'Mappings it holds.'),
    'port-mapping': optional(FLAG, 'Whether it maps ports on request.'),
  }),
  (box) => ({ preset: box.preset, behaviour: behaviourOf(box) }),
)

/** A name as scenarios write it: a preset, several with `+` from the node outward, or `open`. */
const CHAIN_NAME: Kind<NatChain> = {
  schema: {
    type: 'string',
    pattern: `^(?:open|(?:${PRESETS.join('|')})(?:\\+(?:${PRESETS.join('|')})){0,${NAT_BOXES_MAX - 1}})$`,
  },
  read: (place) => readName(place),
}

const CHAIN: Kind<NatChain> = either<NatChain>(
  [
    {
      when: (place) => place.isList,
      kind: mapped(
        list<NatChain>(
          either([{ when: (box) => box.isSection, kind: mapped(OTHER_BOX, (box) => [box]) }], CHAIN_NAME),
          1,
          NAT_BOXES_MAX,
        ),
        (chains, place) => bounded(chains.flat(), place),
      ),
    },
    { when: (place) => place.isSection, kind: mapped(OTHER_BOX, (box) => [box]) },
  ],
  CHAIN_NAME,
)

const POPULATION: Kind<NatText> = mapped(
  section<{ population: string }>({
    population: needed(word(Object.keys(NAT_POPULATIONS), 'NAT population'), 'Shares of boxes as a study found them.'),
  }),
  ({ population }, place) =>
    (NAT_POPULATIONS[population]?.shares ?? []).map(({ nat, share }) => ({
      share,
      chain: natChain(nat) ?? place.fail(`'${nat}' is no known NAT preset`),
    })),
)

/** The boxes in front of the nodes of a class, or a population of them. */
export const NAT: Kind<NatText> = either<NatText>(
  [{ when: (place) => place.isSection && place.entries().some(({ key }) => key === 'population'), kind: POPULATION }],
  mapped(CHAIN, (chain) => [{ share: 1, chain }]),
)

function readName(place: Place): NatChain {
  const name = place.scalar
  if (typeof name !== 'string') {
    return place.fail(`the name of a NAT preset is needed, not ${place.written}`)
  }
  const wrong = name.split('+').find((preset) => natChain(preset) === undefined)
  const chain = natChain(name)
  if (chain === undefined) {
    return place.fail(`'${wrong ?? name}' is no known NAT preset${nearest(wrong ?? name, ['open', ...PRESETS])}`)
  }
  return bounded(chain, place)
}

function bounded(chain: NatChain, place: Place): NatChain {
  return chain.length > NAT_BOXES_MAX
    ? place.fail(`${chain.length} boxes behind each other are too many; at most ${NAT_BOXES_MAX}`)
    : chain
}

function behaviourOf(box: BoxText): NatBehaviour {
  const base = NAT_PRESETS[box.preset]?.behaviour
  if (base === undefined) {
    throw new TypeError(`no preset '${box.preset}'`)
  }
  const unanswered = box['udp-unanswered'] ?? base.udpUnansweredMs
  const refresh = box['udp-inbound-refresh'] ?? base.udpInboundRefresh
  return {
    ...base,
    ...(unanswered === undefined ? {} : { udpUnansweredMs: unanswered }),
    ...(refresh === undefined ? {} : { udpInboundRefresh: refresh }),
    mapping: box.mapping ?? base.mapping,
    filtering: box.filtering ?? base.filtering,
    ports: box.ports ?? base.ports,
    hairpinning: box.hairpinning ?? base.hairpinning,
    unsolicited: box.unsolicited ?? base.unsolicited,
    tcpIdleMs: box['tcp-idle'] ?? base.tcpIdleMs,
    tcpOpeningMs: box['tcp-opening'] ?? base.tcpOpeningMs,
    udpIdleMs: box['udp-idle'] ?? base.udpIdleMs,
    mappingsMax: box.mappings ?? base.mappingsMax,
    portMapping: box['port-mapping'] ?? base.portMapping,
  }
}
