import { FORMER_KEPT_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { CHURN_PRESETS } from '../churn/churn-presets.ts'
import { lawMeanMs } from '../churn/laws.ts'
import { sessionPlan } from '../churn/session-plan.ts'
import { Custody } from '../model/custody.ts'
import { ANSWER, Kernel } from '../model/kernel.ts'
import { type Letter, mailboxName, mailboxPlace } from '../model/letters.ts'
import { Lookups } from '../model/lookups.ts'
import { MailboxStreams } from '../model/mailbox-streams.ts'
import { Searches } from '../model/searches.ts'
import { Stream } from '../model/stream.ts'
import type { Churn } from '../scenario/scenario.ts'
import { between, type Effort, type Finding, near, type Reference } from './finding.ts'
import { stillNetwork } from './still-network.ts'

const HOUR_MS = 3_600_000
const DAY_MS: number = 24 * HOUR_MS
/** Custodians of a mailbox (docs/protocol/mailbox.md). */
const COPIES = 10
const LETTERS = 40
const LETTER_BYTES = 20_000
const BURN_IN_MS: number = DAY_MS
const FEWER_REASON =
  'the formula pays a copy for each departure and one for each arrival; here whoever is displaced by a newcomer keeps its copy for 4 h, within which most departures fall and need none: see the next row'
const SAVING_REASON =
  'the absence law of the preset is ours: with a mean of 4 h a third of the absences outlasts the timeout, and a fifth loses the disk'

const EVENTS_MAX = 50_000_000
const NODES = { quick: 100, full: 200 }
const DAYS = { quick: 4, full: 10 }

/** Whoever leaves comes back as somebody new, a day later: every departure is for good. */
const FOR_GOOD: Churn = {
  session: { law: 'exponential', meanMs: DAY_MS },
  absence: { law: 'exponential', meanMs: DAY_MS },
  crashShare: 1,
  diskShare: 0,
  diurnal: 1,
  trace: undefined,
}

/** R25: what it costs to keep copies where nodes come and go. */
export const REPAIR_BANDWIDTH: Reference = {
  id: 'R25',
  subject: 'copies made to keep ten of each letter, model tier',
  source: "Blake and Rodrigues, HotOS'03: B/N = 2 (S/N) / T; a membership timeout saves 30 times",
  check,
}

function check(effort: Effort): Finding[] {
  const forGood = copiesMade(FOR_GOOD, effort)
  const expected = (2 * forGood.live) / DAY_MS
  const rows = [
    near(
      'copies an hour, all departures for good',
      {
        published: expected * HOUR_MS,
        ours: forGood.perMs * HOUR_MS,
        within: 0.1 * expected * HOUR_MS,
      },
      FEWER_REASON,
    ),
    near('the same, but for departures within 4 h of an arrival', {
      published: spared(forGood.live) * expected * HOUR_MS,
      ours: forGood.perMs * HOUR_MS,
      within: 0.1 * spared(forGood.live) * expected * HOUR_MS,
    }),
  ]
  const preset = CHURN_PRESETS['ipfs-2022']?.churn
  if (preset?.session === undefined) {
    return rows
  }
  const returning = copiesMade({ ...preset, trace: undefined }, effort)
  const withoutTimeout = (2 * returning.live) / lawMeanMs(preset.session)
  const saving = { published: '30 times', ours: withoutTimeout / returning.perMs, range: [15, 60] as const }
  return [...rows, between('saved by waiting 4 h, preset ipfs-2022', saving, SAVING_REASON)]
}

/**
 * The part of the formula's copies that is left when a former custodian, which keeps its copy for a while after a newcomer
 * has displaced it, takes the place of whoever departs meanwhile: departures from S custodians come every T / S.
 */
function spared(live: number): number {
  return (1 + Math.exp((-live / LETTERS) * (FORMER_KEPT_MS / DAY_MS))) / 2
}

/** Copies made per millisecond after the burn-in, and copies on nodes that run, in the mean. */
function copiesMade(churn: Churn, { quick, seed }: Effort): { readonly perMs: number; readonly live: number } {
  const nodes = quick ? NODES.quick : NODES.full
  const endMs = BURN_IN_MS + (quick ? DAYS.quick : DAYS.full) * DAY_MS
  const { world, tables, paths, stream } = stillNetwork(nodes, seed)
  const kernel = new Kernel()
  const lookups = new Lookups(world, tables, paths, stream, (delayMs, request) => kernel.add(delayMs, ANSWER, request))
  const searches = new Searches({ world, lookups, paths, kernel, stream: new Stream(seed, 'searches') })
  const streams = new MailboxStreams(world, paths, kernel)
  const custody = new Custody({ kernel, world, paths, streams, searches, stream: new Stream(seed, 'custody'), seed })
  let written = 0
  const letters = Array.from({ length: LETTERS }, (_, i) => {
    const letter = newLetter(i, kernel.wallMs, () => {
      written += kernel.nowMs > BURN_IN_MS ? 1 : 0
    })
    for (const node of world.ids.closest(mailboxPlace(seed, letter.mailbox), COPIES, () => true)) {
      custody.deposit(node, node, letter)
    }
    return letter
  })
  const play = (plan: ReturnType<typeof sessionPlan>, node: number): void => {
    const event = plan.next()
    if (event.done !== true) {
      const { kind, atMs, disk } = event.value
      kernel.schedule(atMs - kernel.nowMs, () => {
        if (kind !== 'join') {
          world.go(node, kernel.nowMs)
          custody.stopped(node, 0)
        } else if (world.up[node] === 0) {
          world.come(node, kernel.nowMs)
          tables.forget(node)
          custody.started(node, disk)
        }
        play(plan, node)
      })
    }
  }
  for (let node = 0; node < nodes; node++) {
    play(sessionPlan(churn, new Stream(seed, 'churn', node), node), node)
  }
  let live = 0
  let samples = 0
  for (let atMs = BURN_IN_MS; atMs <= endMs; atMs += HOUR_MS) {
    kernel.run(atMs, EVENTS_MAX, { answer: (request) => lookups.answered(request, kernel.nowMs), churn: () => {} })
    live += letters.reduce((sum, { holders }) => sum + [...holders].filter((node) => world.up[node] === 1).length, 0)
    samples += 1
  }
  return { perMs: written / (endMs - BURN_IN_MS), live: live / samples }
}

function newLetter(index: number, depositedMs: number, onCopy: () => void): Letter {
  const holders = new Set<number>()
  const add = holders.add.bind(holders)
  holders.add = (node) => {
    if (!holders.has(node)) {
      onCopy()
    }
    return add(node)
  }
  const mailbox = mailboxName(index, 0)
  return {
    id: String(index),
    mailbox,
    bytes: LETTER_BYTES,
    permit: String(index),
    content: undefined,
    depositedMs,
    holders,
  }
}
