import assert from 'node:assert/strict'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { MailboxClient } from '../../src/protocol/mailbox/client.ts'
import { MailboxError } from '../../src/protocol/mailbox/errors.ts'
import {
  type Answer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  type Verb,
} from '../../src/protocol/mailbox/messages.ts'
import { tombstonesOf } from '../../src/protocol/mailbox/tombstones.ts'
import { letterId } from '../../src/sealing/letter-key.ts'
import {
  type Attacker,
  LetterWorld,
  letterOf,
  never,
  peerOf,
  permitFor,
} from '../unit/protocol/mailbox/letter-world.ts'
import { corpusAnswers, corpusMailbox, corpusRequests, mutate } from './mailbox-corpus.ts'

const AT_ONCE = 16
const ID_MAX = 4
/** Reasons that a mutated frame may have; everything else is a fault of ours. */
const REASONS =
  /: (malformed|repeated-request|unexpected-request|unexpected-answer|too-many-requests|flow-control|signature|receipt|replica|differences|frame-.*)$/

const FITTING: readonly (readonly [keyof Verb, Exclude<keyof Answer, 'id'>])[] = [
  ['getRecord', 'found'],
  ['deposit', 'letterRefused'],
  ['collect', 'challenge'],
  ['prove', 'letter'],
  ['prove', 'collected'],
  ['prove', 'ended'],
  ['stop', 'ended'],
  ['acknowledge', 'done'],
  ['sync', 'compared'],
  ['exchange', 'differences'],
  ['fetch', 'replica'],
  ['fetch', 'notFound'],
  ['replicate', 'done'],
]

/** What came of a run. */
export interface FuzzResult {
  readonly cases: number
  /** Streams that were closed. */
  readonly broken: number
  /** Cases that were still understood. */
  readonly understood: number
}

/** Sends mutated requests to a custodian, each answered or its stream closed; it serves the next peer as before. */
export async function fuzzCustodian(cases: number, seed: string): Promise<FuzzResult> {
  const world = new LetterWorld()
  const { keeper } = await world.custodian()
  const random = new SeededRandom(seed)
  const attackers: Attacker[] = []
  for (let number = 0; number < AT_ONCE; number++) {
    attackers.push(await world.attacker(`mallory ${number}`))
  }
  let broken = 0
  let understood = 0
  for (let done = 0; done < cases; done += AT_ONCE) {
    for (const attacker of attackers) {
      const verb = corpusRequests[random.uniform(corpusRequests.length)] ?? {}
      const frame = encodeRequest({ ...verb, id: random.uniform(ID_MAX) })
      // One in eight is sent as it is, so that mutated ones meet collections that are under way.
      attacker.channel.send(random.uniform(8) === 0 ? frame : mutate(frame, random))
    }
    await world.clock.advance(5)
    for (const [number, attacker] of attackers.entries()) {
      understood += attacker.frames.splice(0).length
      if (attacker.end !== 'open') {
        broken++
        attackers[number] = await world.attacker(`mallory ${number}`)
      }
    }
  }
  await world.clock.advance(100)
  assert.deepEqual(
    world.violations.filter((violation) => !REASONS.test(violation)),
    [],
  )
  await assertServes(world)
  assert.ok(keeper.requests.length > 0)
  return { cases, broken, understood }
}

async function assertServes(world: LetterWorld): Promise<void> {
  const client = await world.client('honest')
  const deposit = {
    mailboxKey: corpusMailbox.publicKey,
    letter: letterOf('last'),
    credential: permitFor(corpusMailbox),
  }
  assert.ok('signature' in (await world.clock.run(client.deposit(peerOf('carol'), deposit, never))))
}

/** Answers requests with mutated answers: every call settles, with a result or a `MailboxError`. */
export async function fuzzClient(cases: number, seed: string): Promise<FuzzResult> {
  const world = new LetterWorld()
  const random = new SeededRandom(seed)
  await world.liar((frame, send) => {
    const request = decodeRequest(frame)
    // Two in three fit the request, so that mutated ones meet collections that are under way.
    const fitting = corpusAnswers.filter((answer) => FITTING.some(([verb, kind]) => request[verb] && answer[kind]))
    for (let answers = random.uniform(request.prove === undefined ? 2 : 5); answers >= 0; answers--) {
      const from = random.uniform(3) > 0 && fitting.length > 0 ? fitting : corpusAnswers
      const encoded = encodeAnswer({ ...from[random.uniform(from.length)], id: request.id })
      send(random.uniform(3) > 0 ? encoded : mutate(encoded, random))
    }
  })
  const clients = await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => world.client(`bob ${number}`)))
  let broken = 0
  for (let done = 0; done < cases; done += AT_ONCE) {
    const asked = clients.map((client) => ask(client, random.uniform(8)))
    for (const outcome of await world.clock.run(Promise.allSettled(asked))) {
      broken += outcome.status === 'rejected' ? 1 : 0
      assert.ok(
        outcome.status === 'fulfilled' || outcome.reason instanceof MailboxError,
        String(Object(outcome).reason),
      )
    }
  }
  assert.deepEqual(
    world.violations.filter((violation) => !REASONS.test(violation)),
    [],
  )
  await Promise.all(clients.map((client) => client.stop()))
  return { cases, broken, understood: cases - broken }
}

async function ask(client: MailboxClient, verb: number): Promise<unknown> {
  const carol = peerOf('carol')
  const { publicKey: mailboxKey } = corpusMailbox
  const letter = letterOf('fuzzed')
  const credential = permitFor(corpusMailbox)
  const tombstones = tombstonesOf(corpusMailbox, [letterId(letter)])
  switch (verb) {
    case 0:
      return client.deposit(carol, { mailboxKey, letter, credential }, never)
    case 1:
      return client.acknowledge(carol, mailboxKey, tombstones, never)
    case 2:
      return client.syncWith(carol, mailboxKey, { letters: [letterId(letter)], tombstones }, never)
    case 3:
      return client.fetch(carol, mailboxKey, letterId(letter), never)
    case 4:
      return client.replicate(carol, mailboxKey, { letter, depositedMs: 5, credential }, never)
    case 5:
      return client.getRecord(carol, mailboxKey, never)
    default: {
      let items = 0
      for await (const item of client.collect(carol, corpusMailbox, { follow: verb === 6 }, never)) {
        items++
        if (item.type === 'collected' && verb === 6) {
          break
        }
      }
      return items
    }
  }
}
