import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readScenario } from '../../../../sim/scenario/read-scenario.ts'
import { ScenarioError } from '../../../../sim/scenario/scenario-error.ts'
import { complaint, GOOD, readText } from './scenario-files.ts'

const HOUR_MS = 3_600_000

/** What is put in the place of what, and the one line that must come of it. */
const BROKEN: readonly (readonly [title: string, from: string, to: string, message: string])[] = [
  [
    'an unknown unit',
    'mean: 90 s',
    'mean: 90 sec',
    "x.yaml:10: churn.visitors.session.mean: '90 sec': unknown unit 'sec'; known: ms, s, min, h, d",
  ],
  [
    'a missing unit',
    'duration: 2 h',
    'duration: 7200',
    "x.yaml:3: duration: '7200': a unit is missing: write a duration such as 90 s or 2 h (units: ms, s, min, h, d)",
  ],
  [
    'a unit of something else',
    'duration: 2 h',
    'duration: 2 KiB',
    "x.yaml:3: duration: '2 KiB': unknown unit 'KiB'; known: ms, s, min, h, d",
  ],
  [
    'a share without its unit',
    'share: 21 %',
    'share: 0.21',
    "x.yaml:8: population.classes.visitors.share: '0.21': a unit is missing: write a share such as 79 % (units: %)",
  ],
  [
    'a negative share',
    'share: 21 %',
    'share: -21 %',
    "x.yaml:8: population.classes.visitors.share: '-21 %' is out of range: 0 % to 100 %",
  ],
  [
    'shares below 100 %',
    'share: 21 %',
    'share: 20 %',
    'x.yaml:6: population.classes: the shares add to 99 %, not 100 %',
  ],
  [
    'shares above 100 %',
    'share: 79 %',
    'share: 80 %',
    'x.yaml:6: population.classes: the shares add to 101 %, not 100 %',
  ],
  [
    'an unknown NAT preset',
    'nat: home',
    'nat: hom',
    "x.yaml:8: population.classes.visitors.nat: 'hom' is no known NAT preset; did you mean 'home'?",
  ],
  [
    'an unknown preset in a chain',
    'nat: home',
    'nat: home+cgn-fixt',
    "x.yaml:8: population.classes.visitors.nat: 'cgn-fixt' is no known NAT preset; did you mean 'cgn-fixed'?",
  ],
  [
    'an unknown churn preset',
    'visitors: { session: { law: exponential, mean: 90 s }, absence: 2 min }',
    'visitors: ipfs-2023',
    "x.yaml:10: churn.visitors: 'ipfs-2023' is no known churn preset; did you mean 'ipfs-2022'?",
  ],
  [
    'an unknown latency preset',
    'churn:',
    'network: { latency: internett }\nchurn:',
    "x.yaml:9: network.latency: 'internett' is no known latency preset; did you mean 'internet'?",
  ],
  [
    'an unknown law',
    'law: exponential',
    'law: exponentail',
    "x.yaml:10: churn.visitors.session.law: 'exponentail' is no known law; did you mean 'exponential'?",
  ],
  [
    'a key of another law',
    'mean: 90 s',
    'scale: 90 s',
    'x.yaml:10: churn.visitors.session.scale: unknown key; known: law, mean',
  ],
  ['an unknown key', 'workload:', 'worklaod:', "x.yaml:11: worklaod: unknown key; did you mean 'workload'?"],
  [
    'an unknown key inside',
    'messages: 2',
    'mesages: 2',
    "x.yaml:13: workload.mesages: unknown key; did you mean 'messages'?",
  ],
  [
    'a missing key',
    'source: ours\n',
    '',
    "x.yaml:1: the key 'source' is missing: The published result or design figure it comes from.",
  ],
  [
    'a class that is not there',
    '  visitors: { session',
    '  visitor: { session',
    "x.yaml:10: churn.visitor: no class has this name; did you mean 'visitors'?",
  ],
  [
    'a session without an absence',
    ', absence: 2 min }',
    ' }',
    "x.yaml:10: churn.visitors: 'absence' is missing: how long a node is away",
  ],
  [
    'a section that is a word',
    'population:\n  nodes: 40\n',
    'population: many\nzz:\n',
    "x.yaml:4: population: a section with keys is needed, not 'many'",
  ],
  [
    'nothing',
    'duration: 2 h',
    'duration:',
    'x.yaml:3: duration: a duration such as 90 s or 2 h is needed, not nothing',
  ],
  [
    'half a node',
    'nodes: 40',
    'nodes: 40.5',
    "x.yaml:5: population.nodes: a whole number from 2 to 1000000 is needed, not '40.5'",
  ],
  [
    'no number at all',
    'nodes: 40',
    'nodes: .nan',
    "x.yaml:5: population.nodes: a whole number from 2 to 1000000 is needed, not '.nan'",
  ],
  [
    'a million nodes in the stack tier',
    'nodes: 40',
    'nodes: 1000000',
    'x.yaml:5: population.nodes: 1000000 nodes are too many for the stack tier, which takes 500; use --tier model',
  ],
  [
    'more than a million nodes',
    'nodes: 40',
    'nodes: 1000001',
    "x.yaml:5: population.nodes: '1000001' is out of range: a whole number from 2 to 1000000 is needed",
  ],
  [
    'a duration beyond all bounds',
    'duration: 2 h',
    'duration: 401 d',
    "x.yaml:3: duration: '401 d' is out of range: 1 min to 400 d",
  ],
  [
    'more people than homes',
    'people: 10',
    'people: 41',
    'x.yaml:12: workload.people: 41 people need as many nodes of classes with people; there are 40',
  ],
  [
    'messages beyond what is kept',
    'messages: 2 per hour',
    'messages: 5000000 per day',
    "x.yaml:13: workload.messages: '5000000 per day' is out of range: 0 per hour to 600 per minute",
  ],
  [
    'a fault after the end',
    'workload:',
    'faults:\n  - { kind: kill, at: 3 h, share: 50 % }\nworkload:',
    'x.yaml:12: faults.0.at: 10800 s is after the end: the duration is 7200 s',
  ],
  [
    'an unknown fault',
    'workload:',
    'faults:\n  - { kind: kil, at: 3 h, share: 50 % }\nworkload:',
    "x.yaml:12: faults.0.kind: 'kil' is no known fault; did you mean 'kill'?",
  ],
  [
    'a fault for an unknown class',
    'workload:',
    'faults:\n  - { kind: kill, at: 1 h, share: 50 %, class: holder }\nworkload:',
    "x.yaml:12: faults.0.class: no class has the name 'holder'; did you mean 'holders'?",
  ],
  [
    'a flash crowd beyond the tier',
    'workload:',
    'faults:\n  - { kind: flash-crowd, at: 1 h, nodes: 461, within: 1 min }\nworkload:',
    'x.yaml:12: faults.0: with these there are 501 nodes; the stack tier takes 500; use --tier model',
  ],
  [
    'an unknown metric',
    'workload:',
    'assert: [ "deliverd_share >= 99 %" ]\nworkload:',
    "x.yaml:11: assert.0: 'deliverd_share' is no known metric; did you mean 'delivered_share'?",
  ],
  [
    'a metric without its unit',
    'workload:',
    'assert: [ "delay_p99_ms <= 90" ]\nworkload:',
    "x.yaml:11: assert.0: '90': a unit is missing: write a duration such as 90 s or 2 h (units: ms, s, min, h, d)",
  ],
  [
    'a sweep that explodes',
    'workload:',
    'sweep:\n  seeds: 1000\n  grid:\n    population.nodes: [10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 92]\n    workload.contacts: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nworkload:',
    'x.yaml:13: sweep.grid: 110 points × 1000 seeds are 110000 runs; at most 100000',
  ],
  [
    'a grid over what is not there',
    'workload:',
    'sweep:\n  grid:\n    population.node: [10]\nworkload:',
    "x.yaml:13: population.node: unknown key; did you mean 'nodes'?",
  ],
  [
    'a grid with a wrong value',
    'workload:',
    'sweep:\n  grid:\n    duration:\n      - 1 h\n      - 2\nworkload:',
    "x.yaml:15: duration: '2': a unit is missing: write a duration such as 90 s or 2 h (units: ms, s, min, h, d)",
  ],
  [
    'a list of points that do not name the same paths',
    'workload:',
    'sweep:\n  list:\n    - { duration: 1 h, population.nodes: 20 }\n    - { duration: 2 h }\nworkload:',
    "x.yaml:14: sweep.list.1: all points name the same paths; 'population.nodes' is not in all of them",
  ],
  [
    'a list of points with a wrong value',
    'workload:',
    'sweep:\n  list:\n    - { duration: 1 h }\n    - { duration: long }\nworkload:',
    "x.yaml:14: duration: 'long': a duration such as 90 s or 2 h is needed",
  ],
  [
    'a path in the list and in the grid',
    'workload:',
    'sweep:\n  grid: { duration: [1 h] }\n  list:\n    - { duration: 1 h }\nworkload:',
    'x.yaml:14: sweep.list.0.duration: the grid has this path too',
  ],
  [
    'a sweep over nothing',
    'workload:',
    'sweep: { seeds: 3 }\nworkload:',
    'x.yaml:11: sweep: a grid or a list of points is needed',
  ],
  [
    'a grid over the tier, which is one for all points',
    'workload:',
    'sweep:\n  grid:\n    workload.contacts: [2, 3]\n    tier: [stack, model]\nworkload:',
    'x.yaml:14: sweep.grid.tier: a sweep runs in one tier; make one for each, with --tier',
  ],
  [
    'a list over the sweep itself',
    'workload:',
    'sweep:\n  list:\n    - { sweep.seeds: 3 }\nworkload:',
    'x.yaml:13: sweep.list.0.sweep.seeds: this is no value of a run',
  ],
  ['an anchor', 'holders: { share', 'holders: &a { share', 'x.yaml:7: anchors (&a) are not taken; write the value out'],
  [
    'an alias',
    'visitors: { share: 21 %, nat: home }',
    'visitors: *a',
    'x.yaml:8: aliases (*a) are not taken; write the value out',
  ],
  [
    'a tag',
    'nodes: 40',
    'nodes: !!int 40',
    'x.yaml:5: tags (tag:yaml.org,2002:int) are not taken; write the value out',
  ],
  ['a key twice', 'source: ours', 'source: ours\nsource: theirs', 'x.yaml:3: source: this key is there twice'],
  [
    'a key twice inside',
    'nat: open }',
    'nat: open,\n      share: 21 % }',
    'x.yaml:8: population.classes.holders.share: this key is there twice',
  ],
  [
    'broken YAML',
    'nodes: 40',
    'nodes: [40',
    'x.yaml:6: this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'a second document',
    'workload:',
    '---\nworkload:',
    'x.yaml:11: this is no YAML: Source contains multiple documents; please use YAML.parseAllDocuments()',
  ],
]

describe('a scenario file', () => {
  it('gives a scenario with all units resolved', () => {
    const { scenario, tier } = readText(GOOD)
    assert.equal(tier, 'stack')
    assert.equal(scenario.name, 'x')
    assert.equal(scenario.durationMs, 2 * HOUR_MS)
    assert.deepEqual(
      scenario.classes.map(({ name, share }) => [name, share]),
      [
        ['holders', 0.79],
        ['visitors', 0.21],
      ],
    )
    assert.deepEqual(scenario.classes[1]?.churn.session, { law: 'exponential', meanMs: 90_000 })
    assert.deepEqual(scenario.classes[1]?.churn.absence, { law: 'constant', ms: 120_000 })
    assert.equal(scenario.classes[0]?.churn.session, undefined)
    assert.equal(scenario.workload.messagesPerPersonPerHour, 2)
    assert.equal(scenario.text, GOOD)
  })

  for (const [title, from, to, message] of BROKEN) {
    it(`is refused in one line for ${title}`, () => {
      assert(GOOD.includes(from), 'the piece to break is there')
      assert.equal(complaint(GOOD.replace(from, to)), message)
    })
  }

  it('is refused when it is too large, is no text, or nests without end', () => {
    assert.match(complaint(`${GOOD}#${' '.repeat(70_000)}`), /^x\.yaml: the file is larger than 65536 bytes$/)
    assert.match(complaint(Uint8Array.of(0x61, 0xff)), /^x\.yaml: this is no UTF-8 text$/)
    assert.match(complaint('['.repeat(60_000)), /^x\.yaml:1: /)
    assert.match(complaint(`a: ${'{ a: '.repeat(10_000)}`), /^x\.yaml:1: /)
    assert.equal(complaint('? '.repeat(32_000)), 'x.yaml:1: sections are nested too deeply')
    assert.match(complaint(''), /^x\.yaml:1: a section with keys is needed, not nothing$/)
  })

  it('is never the cause of anything but one line, whatever is in it', () => {
    const lines = GOOD.split('\n')
    const junk = fc.constantFrom(
      '[',
      '{',
      '- ',
      ': ',
      '"',
      '&a ',
      '*a',
      '!!x ',
      '%YAML 1.1',
      '\u0000',
      '__proto__: 1',
      '-1',
      '1e999',
      '? ',
      '| ',
      '<<: ',
    )
    fc.assert(
      fc.property(fc.nat(lines.length), junk, fc.nat(30), (line, text, column) => {
        const broken = lines.map((old, i) => (i === line ? `${old.slice(0, column)}${text}${old.slice(column)}` : old))
        const said = complaint(broken.join('\n'))
        assert(said === 'no complaint' || /^x\.yaml:\d+: [^\n]+$/.test(said), said)
      }),
      { numRuns: 300 },
    )
  })

  it('takes values of the command line in the place of its own, and names the option when they are wrong', () => {
    const { scenario } = readText(GOOD, {
      overrides: { 'population.nodes': 60, duration: '3h', 'workload.size': '1 KiB' },
    })
    assert.deepEqual([scenario.nodes, scenario.durationMs, scenario.workload.messageBytes], [60, 3 * HOUR_MS, 1_024])
    assert.equal(
      complaint(GOOD, { overrides: { 'population.nodes': 1_000_000 } }),
      '--nodes: x.yaml: population.nodes: 1000000 nodes are too many for the stack tier, which takes 500; use --tier model',
    )
    assert.match(
      complaint(GOOD, { overrides: { duration: 'long' } }),
      /^--duration: x\.yaml: duration: 'long': a duration/,
    )
    assert.equal(
      complaint(GOOD, { overrides: { 'workload.siz': '1 B' } }),
      "--set: x.yaml: workload.siz: unknown key; did you mean 'size'?",
    )
    assert.equal(
      complaint(GOOD, { overrides: { 'workload.size': '1 PB' } }),
      "--set: x.yaml: workload.size: '1 PB': unknown unit 'PB'; did you mean 'B'?",
    )
    assert.match(complaint(GOOD, { overrides: { 'about.more': 1 } }), /no such key/)
    assert.equal(
      readText(GOOD, { overrides: { 'population.nodes': 1_000_000 }, tier: 'model' }).scenario.nodes,
      1_000_000,
    )
  })

  it('is refused when the command line or its ci section makes its sweep explode', () => {
    const sweep = `${GOOD}sweep:\n  seeds: 2\n  grid: { workload.contacts: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }\n`
    const seeds = { 'sweep.seeds': 10_000 }
    assert.equal(
      complaint(sweep, { overrides: seeds }),
      'x.yaml:16: sweep.grid: 11 points × 10000 seeds are 110000 runs; at most 100000',
    )
    assert.match(complaint(`${sweep}ci: { sweep.seeds: 10000 }\n`, { ci: true }), /are 110000 runs; at most 100000$/)
    assert.equal(complaint(sweep.replace(', 11', ''), { overrides: seeds }), 'no complaint')
  })

  it('grows no list by a value of the command line', () => {
    const faults = `${GOOD}faults: [{ kind: kill, at: 1 h, share: 10 % }]\n`
    assert.equal(readText(faults, { overrides: { 'faults.0.share': '20 %' } }).scenario.faults.length, 1)
    for (const [text, path] of [
      [GOOD, 'faults.0.share'],
      [faults, 'faults.1.share'],
      [faults, 'faults.4000000000.share'],
      [faults, 'faults.-1.share'],
      [faults, 'faults.0.share.0'],
    ] as const) {
      assert.equal(
        complaint(text, { overrides: { [path]: '20 %' } }),
        `--set: x.yaml: ${path}: there is no such key to put a value in the place of`,
      )
    }
  })

  it('has a small version of itself for tests', () => {
    const file = `${GOOD}ci:\n  population.nodes: 20\n  duration: 10 min\n`
    assert.equal(readText(file).scenario.nodes, 40)
    assert.equal(readText(file, { ci: true }).scenario.nodes, 20)
    assert.equal(readText(file, { ci: true, overrides: { 'population.nodes': 30 } }).scenario.nodes, 30)
    assert.equal(
      complaint(file.replace('10 min', '10'), { ci: true }),
      "x.yaml:16: duration: '10': a unit is missing: write a duration such as 90 s or 2 h (units: ms, s, min, h, d)",
    )
  })

  it('makes several classes of a mixture and of a NAT population, and a fault for each', () => {
    const churn = 'visitors: [{ share: 50 %, preset: ipfs-2022 }, { share: 50 %, preset: kad2007, crash: 100 % }]'
    const text = GOOD.replace(/ {2}visitors: \{ session.*/, `  ${churn}`)
      .replace('nat: home', 'nat: { population: cellular }')
      .concat('faults: [{ kind: kill, at: 50 %, share: 50 %, class: visitors }]\n')
    const { scenario } = readText(text)
    const names = scenario.classes.map(({ name }) => name)
    assert.equal(new Set(names).size, 7)
    assert(names.includes('visitors/1/open') && names.includes('visitors/2/cgn-cellular'))
    const sum = scenario.classes.reduce((total, { share }) => total + share, 0)
    assert(Math.abs(sum - 1) < 1e-9)
    assert.deepEqual(
      scenario.faults.map((fault) => [fault.kind === 'kill' && fault.className, fault.atMs]),
      names.slice(1).map((name) => [name, scenario.warmupMs + HOUR_MS]),
    )
    assert.match(
      complaint(text.replace('share: 50 %, preset', 'share: 40 %, preset')),
      /^x\.yaml:10: churn\.visitors: the shares of the mixture add to 90 %, not 100 %$/,
    )
  })

  it('is refused when taking them apart makes too many classes', () => {
    const mixture = Array.from({ length: 5 }, () => '{ share: 20 %, preset: kad2007 }').join(', ')
    const classes = ['a', 'b', 'c']
      .map((name) => `    ${name}: { share: 7 %, nat: { population: nat2005 } }`)
      .join('\n')
    const churn = ['a', 'b', 'c'].map((name) => `  ${name}: [${mixture}]`).join('\n')
    const text = GOOD.replace(/ {4}visitors.*/, classes).replace(/ {2}visitors: \{ session.*/, churn)
    assert.match(complaint(text), /^x\.yaml:6: population\.classes: .* these are 76 classes; at most 64$/)
  })

  it("lets one class have what the others' shares leave", () => {
    const { scenario } = readText(GOOD.replace('21 %', 'rest'), {
      overrides: { 'population.classes.holders.share': '50 %' },
    })
    assert.deepEqual(
      scenario.classes.map(({ share }) => share),
      [0.5, 0.5],
    )
  })

  it('takes a NAT box apart from its preset', () => {
    const { scenario } = readText(GOOD.replace('nat: home', 'nat: [{ preset: home, udp-idle: 30 s }, cgn-fixed]'))
    const [near, far] = scenario.classes[1]?.nat ?? []
    assert.deepEqual([near?.behaviour.udpIdleMs, near?.preset, far?.preset], [30_000, 'home', 'cgn-fixed'])
    assert.match(
      complaint(GOOD.replace('nat: home', 'nat: home+home+home+home+home')),
      /5 boxes behind each other are too many; at most 4$/,
    )
  })

  it('is refused when a run would keep too many rows', () => {
    const text = GOOD.replace('nodes: 40', 'nodes: 500').replace('people: 10', 'people: 500')
    const often = { overrides: { 'workload.messages': '600 per minute' } }
    assert.match(
      complaint(text, often),
      /^--set: x\.yaml: workload\.messages: about 36000000 messages are to be expected; at most 5000000$/,
    )
    assert.match(
      complaint(GOOD, { overrides: { duration: '400 d', sample: '1 s' } }),
      /sample: about \d+ samples are to be expected/,
    )
  })

  it('is refused when it is no file: a pipe would never end', () => {
    const endless = (path: string): string => {
      try {
        readScenario(path)
      } catch (error) {
        return error instanceof ScenarioError ? error.message : String(error)
      }
      return 'no complaint'
    }
    assert.equal(endless('/dev/zero'), '/dev/zero: this is no file')
    assert.equal(endless('/proc'), '/proc: this is no file')
    const traced = (name: string): string =>
      complaint(GOOD.replace(/ {2}visitors: \{ session.*/, `  visitors: { trace: "${name}" }`))
    const zero = `${'../'.repeat(20)}dev/zero`
    assert.equal(traced(zero), 'x.yaml:10: churn.visitors.trace: /dev/zero: this is no file')
    assert.match(traced('a\\0b'), /^x\.yaml:10: churn\.visitors\.trace: a b: cannot be read: ERR_INVALID_ARG_VALUE$/)
  })

  it('is refused when its nodes would come and go all the time', () => {
    const restless = GOOD.replace('mean: 90 s }, absence: 2 min', 'mean: 1 ms }, absence: 0 ms')
    assert.equal(
      complaint(restless),
      'x.yaml:10: churn.visitors: about 40320000 sessions are to be expected; at most 1000000',
    )
    assert.equal(complaint(restless, { tier: 'model' }), 'no complaint')
    assert.match(
      complaint(restless, { tier: 'model', overrides: { duration: '400 d', sample: '1 d' } }),
      /at most 1000000000$/,
    )
    assert.match(
      complaint(GOOD, { overrides: { 'workload.offline.share': '50 %', 'workload.offline.for': '1 ms' } }),
      /^--set: x\.yaml: workload\.offline\.for: about 480\d+ sessions are to be expected; at most 1000000$/,
    )
  })

  it('throws nothing but its own error for a file that is not there', () => {
    assert.throws(
      () =>
        readText(
          GOOD.replace(
            'visitors: { session: { law: exponential, mean: 90 s }, absence: 2 min }',
            'visitors: { trace: gone.csv }',
          ),
        ),
      (error) => {
        assert(error instanceof ScenarioError)
        assert.equal(error.message, 'x.yaml:10: churn.visitors.trace: gone.csv: cannot be read: ENOENT')
        return true
      },
    )
  })
})
