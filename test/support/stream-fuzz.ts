import assert from 'node:assert/strict'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { STREAM_ERROR_CONDITIONS } from '../../src/xmpp/stream-error.ts'
import { corpus, mutateStream } from './stream-corpus.ts'
import { auth, type StreamPlay, StreamWorld, streamError } from './stream-world.ts'

/** No input may hold up the others for longer. */
const STALL_MS = 50
/** How often a slow input is repeated, so that what was the machine's fault is not ours. */
const REPETITIONS = 5
/** Cases after which what the doubles have recorded is thrown away. */
const FORGET_EVERY = 256

const encoder = new TextEncoder()

/** What came of a run. */
export interface StreamFuzzResult {
  readonly cases: number
  /** Streams that ended with an error, by condition. */
  readonly errors: Record<string, number>
  /** Streams that went on. */
  readonly kept: number
  /** Streams that the input said goodbye to. */
  readonly closed: number
  readonly slowestMs: number
}

/** How far a client comes before it sends mutated bytes. */
type Phase = 'fresh' | 'open' | 'unbound' | 'bound' | 'managed'
const PHASES: readonly Phase[] = ['fresh', 'open', 'unbound', 'bound', 'managed']

/**
 * Sends mutated streams: each is answered with an error of RFC 6120 §4.9.3 and the end, or goes on; nothing is thrown, no
 * timer and no promise is left, and nobody is held up.
 */
export async function fuzzStreams(cases: number, seed: string): Promise<StreamFuzzResult> {
  const world = await StreamWorld.create()
  const random = new SeededRandom(seed)
  const errors: Record<string, number> = {}
  let kept = 0
  let closed = 0
  let slowestMs = 0
  for (let done = 0; done < cases; done++) {
    const phase = PHASES[random.uniform(PHASES.length)] as Phase
    const pieces = cut(inputOf(random), random)
    let run = await play(world, phase, pieces)
    for (let times = 0; run.tookMs > STALL_MS && times < REPETITIONS; times++) {
      run = await play(world, phase, pieces)
    }
    assert.ok(run.tookMs <= STALL_MS, `case ${done} took ${run.tookMs} ms: ${Buffer.concat(pieces).toString('latin1')}`)
    slowestMs = Math.max(slowestMs, run.tookMs)
    if (run.outcome === 'kept') {
      kept++
    } else if (run.outcome === 'closed') {
      closed++
    } else {
      errors[run.outcome] = (errors[run.outcome] ?? 0) + 1
    }
    if (done % FORGET_EVERY === 0) {
      forget(world)
    }
  }
  forget(world)
  await assertServes(world)
  await world.stop()
  return { cases, errors, kept, closed, slowestMs }
}

function inputOf(random: SeededRandom): Uint8Array {
  const parts = Array.from({ length: 1 + random.uniform(5) }, () => corpus[random.uniform(corpus.length)])
  const bytes = encoder.encode(parts.join(''))
  // One in eight is sent as it is: what is legal in the wrong place.
  return random.uniform(8) === 0 ? bytes : mutateStream(bytes, random)
}

function cut(bytes: Uint8Array, random: SeededRandom): Uint8Array[] {
  const size = [1_000_000, 1_000_000, 100, 7, 1][random.uniform(5)] as number
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(bytes.slice(at, at + size))
  }
  return pieces
}

async function play(
  world: StreamWorld,
  phase: Phase,
  pieces: readonly Uint8Array[],
): Promise<{ outcome: string; tookMs: number }> {
  const client = await advance(world, phase)
  const startMs = performance.now()
  const answer = await client.say(...pieces)
  const tookMs = performance.now() - startMs
  const outcome = outcomeOf(client, answer)
  client.client.close()
  await client.hear()
  return { outcome, tookMs }
}

function outcomeOf({ client }: StreamPlay, answer: string): string {
  const condition = streamError(answer)
  if (condition !== undefined) {
    assert.ok((STREAM_ERROR_CONDITIONS as readonly string[]).includes(condition), condition)
    assert.notEqual(condition, 'internal-server-error')
    assert.ok(answer.endsWith('</stream:error></stream:stream>'), answer)
    assert.ok(client.isClosed)
    return condition
  }
  assert.equal(client.isClosed, answer.endsWith('</stream:stream>'), answer)
  return client.isClosed ? 'closed' : 'kept'
}

/** The owner's socket needs no password: its check takes longer than all the rest. */
async function advance(world: StreamWorld, phase: Phase): Promise<StreamPlay> {
  const client = world.connect({ transport: 'unix' })
  if (phase === 'fresh') {
    return client
  }
  await client.open()
  if (phase === 'open') {
    return client
  }
  await client.say(auth('EXTERNAL', ''))
  await client.open()
  if (phase === 'unbound') {
    return client
  }
  await client.bind('desk')
  if (phase === 'managed') {
    await client.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  }
  client.session.deliver('hello')
  await client.hear()
  return client
}

/** What the doubles keep is not what is measured. */
function forget(world: StreamWorld): void {
  const failures = world.logger.lines.filter(({ level }) => level === 'error')
  assert.deepEqual(failures, [])
  world.logger.lines.splice(0)
  world.sessions.splice(0)
}

async function assertServes(world: StreamWorld): Promise<void> {
  const client = await world.login()
  await client.say("<message to='bob@id.internal'/>")
  assert.equal(client.session.received.length, 1)
}
