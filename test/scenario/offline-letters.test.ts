import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { ArchivedMessage, KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { nodeSchema } from '../../src/schema.ts'
import { befriend, chat, heard, type Person, type VirtualStage, virtualStage } from '../support/people.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const CUSTODIANS = 11

/** A node without accounts, which keeps letters for others. */
class Custodian {
  readonly #stage: VirtualStage
  readonly #key: NodeKey
  readonly #random: SeededRandom
  #store: MemoryStore
  #node: KabberNode | undefined

  constructor(stage: VirtualStage, name: string) {
    this.#stage = stage
    this.#random = new SeededRandom(name)
    this.#key = NodeKey.fromSeed(this.#random.bytes(32))
    this.#store = new MemoryStore(nodeSchema, { clock: stage.clock, commitDelayMs: 1 })
  }

  get letters(): number {
    return this.#node?.status().letters.kept ?? 0
  }

  /** With what is on its disk, or with another one. */
  async start(store: MemoryStore = this.#store): Promise<void> {
    const { clock, world } = this.#stage
    this.#store = store
    const network = world.createNetwork(this.#key.peerId)
    const system = { clock, random: this.#random, network, logger: new RecordingLogger(), store }
    this.#node = createNode(system, { node: this.#key, accounts: [] })
    await this.#stage.run(this.#node.start())
  }

  /** Dies at once; gives a second copy of what is on its disk. */
  async kill(): Promise<MemoryStore> {
    const node = this.#node
    this.#node = undefined
    this.#stage.world.kill(this.#key.peerId)
    const disk = this.#store.crash()
    const copy = this.#store.crash()
    this.#store = disk
    await this.#stage.run(node?.stop() ?? Promise.resolve())
    return copy
  }
}

interface Scene {
  readonly stage: VirtualStage
  readonly romeo: Person
  readonly juliet: Person
  readonly custodians: readonly Custodian[]
}

interface Setting {
  readonly seed: number
  readonly custodians?: number
  readonly romeoAheadMs?: number
  readonly julietAheadMs?: number
  readonly strangers?: boolean
}

/** Two people, contacts unless said otherwise, among nodes that keep letters. */
async function play(setting: Setting, act: (scene: Scene) => Promise<void>): Promise<void> {
  const { seed, romeoAheadMs = 0, julietAheadMs = 0, strangers = false } = setting
  const stage = virtualStage(seed)
  const custodians: Custodian[] = []
  try {
    for (let index = 0; index < (setting.custodians ?? CUSTODIANS); index++) {
      const custodian = new Custodian(stage, `${seed} custodian ${index}`)
      custodians.push(custodian)
      await custodian.start()
    }
    const juliet = await stage.person('Juliet', julietAheadMs)
    const romeo = await stage.person('Romeo', romeoAheadMs)
    if (!strangers) {
      await befriend(stage, romeo, juliet)
      // Both have handed each other what letters need.
      await stage.clock.advance(MINUTE_MS)
    }
    await act({ stage, romeo, juliet, custodians })
  } finally {
    await stage.close()
    for (const custodian of custodians) {
      await custodian.kill()
    }
  }
}

function received(person: Person, other: Person): readonly ArchivedMessage[] {
  return person.account.history(other.address, { limit: 1_000 }).filter(({ direction }) => direction === 'in')
}

function sent(person: Person, other: Person): readonly ArchivedMessage[] {
  return person.account.history(other.address, { limit: 1_000 }).filter(({ direction }) => direction === 'out')
}

function areAll(state: ArchivedMessage['state'], person: Person, other: Person): boolean {
  return sent(person, other).every((message) => message.state === state)
}

/** Writes lines, some time apart, until all are stored; gives them with their times. */
async function writeAndStore({ stage, romeo, juliet }: Scene, count: number, apartMs = 7_000) {
  const lines: { body: string; stampMs: number }[] = []
  for (let number = 0; number < count; number++) {
    const { id } = await stage.run(romeo.account.send(chat(juliet, `line ${number}`)))
    const { stampMs } = sent(romeo, juliet).find((message) => message.id === id) as ArchivedMessage
    lines.push({ body: `line ${number}`, stampMs })
    await stage.clock.advance(apartMs)
  }
  await stage.until(romeo, () => areAll('stored', romeo, juliet))
  return lines
}

function timesOf(messages: readonly ArchivedMessage[]): { body: string; stampMs: number }[] {
  return messages.map(({ body, stampMs }) => ({ body, stampMs }))
}

test('what was written to somebody offline outlives its sender and half of the custodians, in order and with its time', async () => {
  await play({ seed: 1 }, async (scene) => {
    const { stage, romeo, juliet, custodians } = scene
    await juliet.kill()
    const lines = await writeAndStore(scene, 20)
    await romeo.kill()
    for (const custodian of custodians.slice(0, 5)) {
      await custodian.kill()
    }
    await stage.clock.advance(5 * HOUR_MS)
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length >= lines.length)
    await stage.clock.advance(HOUR_MS)
    assert.deepEqual(timesOf(received(juliet, romeo)), lines)
  })
})

test('who was away for 13 days finds every letter, though the sender was there for a moment only', async () => {
  await play({ seed: 2, custodians: 6 }, async (scene) => {
    const { stage, romeo, juliet } = scene
    await juliet.stop()
    const lines = await writeAndStore(scene, 5)
    await romeo.stop()
    for (let day = 0; day < 13; day++) {
      await stage.clock.advance(DAY_MS)
    }
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length >= lines.length)
    assert.deepEqual(timesOf(received(juliet, romeo)), lines)
  })
})

test('the sender sees stored, then delivered, though the two are never online together', async () => {
  await play({ seed: 3 }, async (scene) => {
    const { stage, romeo, juliet } = scene
    await juliet.stop()
    await writeAndStore(scene, 3)
    const states = romeo.events.filter((event) => event.type === 'message-state')
    assert.ok(states.some((event) => event.state === 'stored' && (event.receipts ?? 0) >= 6 && event.of === 10))
    await romeo.stop()
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length === 3)
    await stage.clock.advance(MINUTE_MS)
    await juliet.stop()
    await romeo.start()
    await stage.until(romeo, () => areAll('delivered', romeo, juliet))
    await stage.until(romeo, () => romeo.node.status().accounts[0]?.outboxMessages === 0)
  })
})

test('the sender sees delivered at once when the two meet again', async () => {
  await play({ seed: 4 }, async (scene) => {
    const { stage, romeo, juliet } = scene
    await juliet.kill()
    await writeAndStore(scene, 3)
    await juliet.start()
    await stage.until(romeo, () => areAll('delivered', romeo, juliet))
    await stage.clock.advance(MINUTE_MS)
    assert.deepEqual(heard(juliet, romeo), ['line 0', 'line 1', 'line 2'])
  })
})

for (const [who, clocks] of [
  ['the sender’s clock a day ahead', { romeoAheadMs: DAY_MS }],
  ['the sender’s clock a day behind', { romeoAheadMs: -DAY_MS }],
  ['the recipient’s clock a day ahead', { julietAheadMs: DAY_MS }],
  ['the recipient’s clock a day behind', { julietAheadMs: -DAY_MS }],
] as const) {
  test(`letters arrive with ${who}`, async () => {
    await play({ seed: 5, ...clocks }, async (scene) => {
      const { stage, romeo, juliet } = scene
      await juliet.stop()
      const lines = await writeAndStore(scene, 4)
      await romeo.stop()
      await stage.clock.advance(2 * HOUR_MS)
      await juliet.start()
      await stage.until(juliet, () => heard(juliet, romeo).length >= lines.length)
      assert.deepEqual(timesOf(received(juliet, romeo)), lines)
      await stage.clock.advance(MINUTE_MS)
      await juliet.stop()
      await romeo.start()
      await stage.until(romeo, () => areAll('delivered', romeo, juliet))
    })
  })
}

test('letters whose predecessors other custodians have wait for them, many as they may be', async () => {
  await play({ seed: 11, custodians: 12 }, async (scene) => {
    const { stage, romeo, juliet, custodians } = scene
    const [early, late] = [custodians.slice(0, 6), custodians.slice(6)]
    const write = async (first: number, count: number): Promise<void> => {
      for (let number = first; number < first + count; number++) {
        await stage.run(romeo.account.send(chat(juliet, `line ${number}`)))
      }
      await stage.until(romeo, () => areAll('stored', romeo, juliet))
    }
    await juliet.kill()
    await Promise.all(late.map(async (custodian) => await custodian.kill()))
    await write(0, 8)
    await Promise.all(early.map(async (custodian) => await custodian.kill()))
    await Promise.all(late.map(async (custodian) => await custodian.start()))
    await write(8, 150)
    await romeo.kill()
    await Promise.all(early.map(async (custodian) => await custodian.start()))
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length >= 158)
    const lines = Array.from({ length: 158 }, (_, number) => `line ${number}`)
    assert.deepEqual(heard(juliet, romeo), lines)
  })
})

test('letters that custodians bring again, acknowledged or not, are not shown again after a restart', async () => {
  await play({ seed: 6 }, async (scene) => {
    const { stage, romeo, juliet, custodians } = scene
    await juliet.stop()
    const lines = await writeAndStore(scene, 6)
    await romeo.stop()
    const disks: MemoryStore[] = []
    for (const custodian of custodians) {
      disks.push(await custodian.kill())
    }
    for (const custodian of custodians) {
      await custodian.start()
    }
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length >= lines.length)
    await stage.clock.advance(MINUTE_MS)
    // Nothing but what Juliet's node has to say to Romeo's is kept any more.
    assert.ok(custodians.filter(({ letters }) => letters >= lines.length).length <= 2)
    await juliet.kill()
    for (const [index, custodian] of custodians.entries()) {
      await custodian.kill()
      await custodian.start(disks[index])
    }
    assert.ok(custodians.some(({ letters }) => letters >= lines.length))
    await juliet.start()
    await stage.clock.advance(HOUR_MS)
    assert.deepEqual(timesOf(received(juliet, romeo)), lines)
    assert.equal(juliet.events.filter(({ type }) => type === 'message').length, 0)
  })
})

test('a recipient killed again and again while it collects shows everything once, in order', async () => {
  const lives = fc.array(fc.nat(400), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), lives, async (seed, livesMs) => {
      await play({ seed }, async (scene) => {
        const { stage, romeo, juliet } = scene
        await juliet.kill()
        const lines = await writeAndStore(scene, 12, 0)
        await romeo.kill()
        for (const lifeMs of livesMs) {
          await juliet.start()
          await stage.clock.advance(lifeMs)
          await juliet.kill()
        }
        await juliet.start()
        await stage.until(juliet, () => heard(juliet, romeo).length >= lines.length)
        await stage.clock.advance(MINUTE_MS)
        assert.deepEqual(timesOf(received(juliet, romeo)), lines)
      })
    }),
    { numRuns: 3 },
  )
})

test('a stranger without a permit does the work asked for and is heard by somebody offline', async () => {
  await play({ seed: 7, strangers: true }, async ({ stage, romeo, juliet }) => {
    await stage.clock.advance(MINUTE_MS)
    await juliet.stop()
    await stage.run(romeo.account.send(chat(juliet, 'If I profane with my unworthiest hand')))
    await stage.until(romeo, () => areAll('stored', romeo, juliet))
    await romeo.stop()
    await juliet.start()
    await stage.until(juliet, () => heard(juliet, romeo).length === 1)
    assert.deepEqual(juliet.account.roster(), [])
  })
})

test('with nobody to keep it a message stays queued, and fails after 14 days with an error for its sender', async () => {
  await play({ seed: 8, custodians: 0 }, async ({ stage, romeo, juliet }) => {
    await juliet.kill()
    const { id } = await stage.run(romeo.account.send(chat(juliet, 'Banished!')))
    await stage.clock.advance(13 * DAY_MS)
    assert.equal(romeo.account.messageState(juliet.address, id), 'queued')
    await stage.clock.advance(DAY_MS + HOUR_MS)
    assert.equal(romeo.account.messageState(juliet.address, id), 'failed')
    assert.ok(
      romeo.events.some((event) => event.type === 'message-state' && event.id === id && event.state === 'failed'),
    )
    assert.equal(romeo.node.status().accounts[0]?.outboxMessages, 0)
  })
})

type Act =
  | { readonly type: 'write' | 'come' | 'leave' | 'kill'; readonly who: 0 | 1 }
  | { readonly type: 'custodian'; readonly index: number }
  | { readonly type: 'pass'; readonly ms: number }

const who = fc.constantFrom(0 as const, 1 as const)
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('write' as const), who }) },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constantFrom('come' as const, 'leave' as const, 'kill' as const), who }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('custodian' as const), index: fc.nat(CUSTODIANS - 1) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(4_000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(2 * HOUR_MS) }) },
  ),
  { minLength: 10, maxLength: 50, size: 'max' },
)

test('through comings, goings and kills at random moments everything arrives once, in the order of its sender', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), acts, async (seed, steps) => {
      await play({ seed }, async ({ stage, romeo, juliet, custodians }) => {
        const people = [romeo, juliet] as const
        const here = [true, true]
        const written: [string[], string[]] = [[], []]
        const go = async (who: 0 | 1, act: 'start' | 'stop' | 'kill'): Promise<void> => {
          if (here[who] !== (act === 'start')) {
            here[who] = act === 'start'
            await people[who][act]()
          }
        }
        for (const step of steps) {
          if (step.type === 'pass') {
            await stage.clock.advance(step.ms)
          } else if (step.type === 'custodian') {
            await custodians[step.index]?.kill()
            await custodians[step.index]?.start()
          } else if (step.type !== 'write') {
            await go(step.who, step.type === 'come' ? 'start' : step.type === 'leave' ? 'stop' : 'kill')
          } else if (here[step.who]) {
            const line = `line ${written[step.who].length}`
            written[step.who].push(line)
            await stage.run(people[step.who].account.send(chat(people[1 - step.who] as Person, line)))
          }
        }
        await go(0, 'start')
        await go(1, 'start')
        await stage.until(juliet, () => heard(juliet, romeo).length >= written[0].length)
        await stage.until(romeo, () => heard(romeo, juliet).length >= written[1].length)
        await stage.until(romeo, () => areAll('delivered', romeo, juliet) && areAll('delivered', juliet, romeo))
        await stage.clock.advance(HOUR_MS)
        assert.deepEqual(heard(juliet, romeo), written[0])
        assert.deepEqual(heard(romeo, juliet), written[1])
      })
    }),
    { numRuns: Number(process.env.RUNS ?? 4) },
  )
})
