import { CHURN_PRESETS } from '../churn/churn-presets.ts'
import { ASSERTION, METRIC, metricValue } from './assertion-kind.ts'
import { AMOUNT, FAULT } from './fault-kind.ts'
import { type Kind, needed, optional, preset } from './kind.ts'
import { LATENCY_PRESETS } from './latency-presets.ts'
import { LATENCY, LAW } from './law-kind.ts'
import * as limits from './limits.ts'
import { NAT } from './nat-kind.ts'
import { FLAG, number, quantity, text, word } from './scalar-kinds.ts'
import type { Law } from './scenario.ts'
import type { ChurnText, ClassText, ScenarioFile } from './scenario-file.ts'
import { dictionary, either, list, mapped, section } from './section-kinds.ts'
import { BANDWIDTH, DURATION, FREQUENCY, SHARE, SIZE } from './units.ts'

const PERCENT = quantity(SHARE, { from: '0 %', to: '100 %' })
const MINUTE_MS = 60_000
const HOUR_MS: number = 60 * MINUTE_MS
const CLASS_NAMES = {
  pattern: limits.NAME_PATTERN,
  called: 'a name of a-z, 0-9 and -, such as visitors',
  max: limits.CLASSES_MAX,
}
const PATHS = {
  pattern: /^[a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){0,7}$/,
  called: 'a path into the file, such as population.nodes',
}

const CLASS: Kind<ClassText> = section<ClassText>({
  share: needed(
    either<number | 'rest'>([{ when: (place) => place.scalar === 'rest', kind: word(['rest'], 'share') }], PERCENT),
    'Of all nodes; `rest`: what the other classes leave.',
  ),
  nat: preset(NAT, [{ share: 1, chain: [] }], 'open', 'Boxes from the node outward: home, home+cgn-fixed; open: none.'),
  storage: preset(
    quantity(SIZE, { from: '0 B', to: '64 GiB' }),
    64 * 2 ** 20,
    '64 MiB',
    'For the letters of others; 0 B: the node is a client of the DHT.',
  ),
  people: preset(FLAG, true, 'true', 'Whether people live on these nodes.'),
})

const SESSION: Kind<Law | 'never-ends'> = either<Law | 'never-ends'>(
  [{ when: (place) => place.scalar === 'never-ends', kind: word(['never-ends'], 'session') }],
  LAW,
)

const CHURN_PRESET = word(Object.keys(CHURN_PRESETS), 'churn preset')

const CHURN_SECTION: Kind<ChurnText> = section<ChurnText>({
  share: optional(PERCENT, 'In a mixture: this part of the class.'),
  preset: optional(CHURN_PRESET, 'What holds for all that is not said here.'),
  session: optional(SESSION, 'How long a node stays: a law, a duration, or never-ends.'),
  absence: optional(LAW, 'How long it is away.'),
  crash: optional(PERCENT, 'Of departures, without goodbye.'),
  disk: optional(PERCENT, 'Of returns, with the disk as it was.'),
  diurnal: optional(number(1, 2, false), 'Departures by the time of day: 1 is even, 2 twice the mean at the peak.'),
  trace: optional(
    text(200, undefined, 'the name of a CSV file'),
    'Replay this CSV file (t_s,node,event), beside the scenario.',
  ),
})

const CHURN: Kind<readonly ChurnText[]> = either<readonly ChurnText[]>(
  [
    { when: (place) => place.isList, kind: list(CHURN_SECTION, 1, 8) },
    { when: (place) => place.isSection, kind: mapped(CHURN_SECTION, (one) => [one]) },
  ],
  mapped(CHURN_PRESET, (name) => [{ preset: name }]),
)

const NETWORK: Kind<ScenarioFile['network']> = section<ScenarioFile['network']>({
  latency: preset(
    LATENCY,
    LATENCY_PRESETS.internet?.law ?? { law: 'constant', ms: 80 },
    'internet',
    `One way, between two nodes: a law, or ${Object.keys(LATENCY_PRESETS).join(', ')}.`,
  ),
  jitter: preset(quantity(DURATION, { from: '0 ms', to: '60 s' }), 0, '0 ms', 'Most that a packet is late.'),
  loss: preset(PERCENT, 0, '0 %', 'Of packets; on a stream it is delay.'),
  bandwidth: preset(
    quantity(BANDWIDTH, { from: '1 KiB/s', to: '100 Gbit/s' }),
    2_500_000,
    '20 Mbit/s',
    'Of the uplink of a node.',
  ),
})

const WORKLOAD: Kind<ScenarioFile['workload']> = section<ScenarioFile['workload']>({
  people: preset(
    AMOUNT,
    { share: 1 },
    '100 %',
    'How many, one to a node; or a part of the nodes of classes with people.',
  ),
  contacts: preset(number(0, 1_000, true), 5, '5', 'Of each person; mutual.'),
  messages: preset(
    quantity(FREQUENCY, { from: '0 per hour', to: '600 per minute' }),
    0,
    '0 per hour',
    'That a person writes.',
  ),
  size: preset(quantity(SIZE, { from: '1 B', to: '64 KiB' }), 200, '200 B', 'Of a message.'),
  offline: optional(
    section<{ share: number; for: Law }>({
      share: needed(quantity(SHARE, { from: '0 %', to: '90 %' }), 'Of people, at any moment.'),
      for: needed(LAW, 'How long they are away.'),
    }),
    'People who are away, their node off, apart from churn.',
  ),
  lookups: preset(
    quantity(FREQUENCY, { from: '0 per hour', to: '600 per minute' }),
    0,
    '0 per hour',
    'Of random keys by each node, for measuring.',
  ),
})

/** What a value of a grid or of `ci` may be: as it would be written in its place. */
const VALUE: Kind<string | number> = {
  schema: { type: ['string', 'number'], maxLength: 200 },
  read: (place) =>
    typeof place.scalar === 'number' || (typeof place.scalar === 'string' && place.scalar.length <= 200)
      ? place.scalar
      : place.fail(`a number or a word is needed, not ${place.written}`),
}

const STOP = mapped(
  section<{ metric: typeof METRIC extends Kind<infer Name> ? Name : never; width: string | number }>({
    metric: needed(METRIC, 'Whose interval counts.'),
    width: needed(VALUE, 'A point is done when its 95 % interval is at most this wide.'),
  }),
  ({ metric, width }, place) => ({ metric, width: metricValue(String(width), metric, place) }),
)

const SWEEP: Kind<NonNullable<ScenarioFile['sweep']>> = section<NonNullable<ScenarioFile['sweep']>>({
  seeds: preset(number(1, 10_000, true), 10, '10', 'Runs of every point, with the same seeds at each.'),
  grid: preset(
    dictionary({ ...PATHS, max: limits.SWEEP_AXES_MAX }, list(VALUE, 1, limits.SWEEP_VALUES_MAX)),
    new Map(),
    'none',
    'Paths into this file and the values they take, each with each.',
  ),
  list: preset(
    list(dictionary({ ...PATHS, max: limits.SWEEP_AXES_MAX }, VALUE), 1, limits.SWEEP_LIST_MAX),
    [],
    'none',
    'Points: paths into this file and the value that each takes there. With a grid, each point with each of its.',
  ),
  stop: optional(STOP, 'When a point needs no more seeds.'),
})

/** Everything that may stand in a scenario file. */
export const SCENARIO_FILE: Kind<ScenarioFile> = section<ScenarioFile>({
  about: needed(text(500), 'One sentence.'),
  source: needed(text(500), 'The published result or design figure it comes from.'),
  tier: preset(word(['stack', 'model'], 'tier'), 'stack', 'stack', 'The tier it is made for; --tier takes another.'),
  duration: needed(
    quantity(DURATION, { from: '1 min', to: '400 d' }),
    'How long messages are written and things happen.',
  ),
  warmup: preset(
    quantity(DURATION, { from: '0 ms', to: '30 d' }),
    10 * MINUTE_MS,
    '10 min',
    'Before anything is counted.',
  ),
  settle: preset(
    quantity(DURATION, { from: '0 ms', to: '30 d' }),
    HOUR_MS / 2,
    '30 min',
    'Afterwards: everything pending must arrive within.',
  ),
  sample: preset(
    quantity(DURATION, { from: '1 s', to: '10 d' }),
    MINUTE_MS,
    '1 min',
    'Between two rows of metrics.csv.',
  ),
  population: needed(
    section<ScenarioFile['population']>({
      nodes: needed(number(2, limits.NODES_MAX, true), 'How many.'),
      classes: needed(
        dictionary(CLASS_NAMES, CLASS),
        'Parts of the population, each with one behaviour; their shares add to 100 %.',
      ),
    }),
    'The nodes.',
  ),
  network: preset(
    NETWORK,
    { latency: { law: 'lognormal', medianMs: 80, sigma: 0.5 }, jitter: 0, loss: 0, bandwidth: 2_500_000 },
    'internet',
    'The links.',
  ),
  churn: preset(dictionary(CLASS_NAMES, CHURN), new Map(), 'always-on', 'How each class comes and goes.'),
  workload: preset(
    WORKLOAD,
    { people: { count: 0 }, contacts: 0, messages: 0, size: 200, offline: undefined, lookups: 0 },
    'nobody writes',
    'Who writes to whom.',
  ),
  faults: preset(list(FAULT, 0, limits.FAULTS_MAX), [], 'none', 'What happens to the network.'),
  assert: preset(
    list(ASSERTION, 0, limits.ASSERTIONS_MAX),
    [],
    'none',
    'Bounds that the results must keep: metric, <=, >= or =, value.',
  ),
  sweep: optional(SWEEP, 'Many runs: kabber sim sweep.'),
  ci: preset(
    dictionary({ ...PATHS, max: 20 }, VALUE),
    new Map(),
    'none',
    'Paths into this file and the values they take for --ci, which must be done in a minute.',
  ),
})
