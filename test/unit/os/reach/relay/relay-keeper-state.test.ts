import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../../../sim/system/seeded-random.ts'
import { type RelayEvent, RelayKeeperState } from '../../../../../src/os/reach/relay/relay-keeper-state.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** What the issue allows for replacing a lost relay. */
const REPLACED_WITHIN_MS = 30 * SECOND_MS

interface TestRelay {
  mood: 'gives' | 'full' | 'silent' | 'gone' | 'no relay'
  readonly network: string
  /** The node knows of it without asking the DHT. */
  readonly known: boolean
  readonly forMs?: number
}

/** A node whose relays do as their mood is, on a clock of its own. */
class World {
  readonly relays = new Map<string, TestRelay>()
  readonly held = new Set<string>()
  readonly asking = new Set<string>()
  readonly asked: string[] = []
  walks = 0
  nowMs = 0
  readonly #state: RelayKeeperState
  readonly #count: number
  readonly #timers: { readonly atMs: number; readonly run: () => void }[] = []
  #due = 0

  constructor(relays: Record<string, TestRelay>, count = 2, seed = 1) {
    this.relays = new Map(Object.entries(relays))
    this.#count = count
    this.#state = new RelayKeeperState(new SeededRandom(seed), count)
  }

  send(event: RelayEvent): void {
    for (const effect of this.#state.step(event, this.nowMs)) {
      switch (effect.type) {
        case 'ask':
          this.#ask(effect.peerId)
          break
        case 'drop':
          assert.ok(this.held.delete(effect.peerId), 'only what is held is dropped')
          break
        case 'search':
          this.#search(effect.walk)
          break
        case 'wait': {
          assert.ok(effect.delayMs >= 1)
          const due = ++this.#due
          this.#after(effect.delayMs, () => due === this.#due && this.send({ type: 'due' }))
          break
        }
      }
    }
  }

  /** Lets time pass. */
  pass(forMs: number): void {
    const endMs = this.nowMs + forMs
    for (;;) {
      this.#timers.sort((one, other) => one.atMs - other.atMs)
      const [next] = this.#timers
      if (next === undefined || next.atMs > endMs) {
        break
      }
      this.#timers.shift()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = endMs
  }

  /** A relay ends, and its connections with it. */
  end(peerId: string): void {
    this.relays.get(peerId)!.mood = 'gone'
    if (this.held.has(peerId)) {
      this.send({ type: 'lost', peerId })
    }
  }

  networks(): string[] {
    return [...this.held].map((peerId) => this.relays.get(peerId)!.network)
  }

  #after(delayMs: number, run: () => void): void {
    this.#timers.push({ atMs: this.nowMs + delayMs, run })
  }

  #ask(peerId: string): void {
    assert.ok(!this.asking.has(peerId), 'no relay is asked twice at a time')
    assert.ok(this.asking.size + this.held.size <= 5 * this.#count, 'no more are asked than needed')
    this.asking.add(peerId)
    this.asked.push(peerId)
    const relay = this.relays.get(peerId)!
    this.#after(relay.mood === 'silent' ? 10 * SECOND_MS : 100, () => {
      this.asking.delete(peerId)
      if (relay.mood === 'gives') {
        this.held.add(peerId)
        this.send({ type: 'reserved', peerId, forMs: relay.forMs ?? HOUR_MS })
      } else {
        this.send({ type: 'failed', peerId, serves: relay.mood !== 'no relay' })
      }
    })
  }

  #search(walk: boolean): void {
    this.walks += walk ? 1 : 0
    this.#after(walk ? 2 * SECOND_MS : 10, () => {
      const found = [...this.relays].filter(([, { known }]) => known || walk)
      const relays = found.map(([peerId, { network, mood }]) => ({
        peerId,
        networks: network === '' ? [] : [network],
        connected: mood !== 'gone',
      }))
      this.send({ type: 'known', relays })
      this.send({ type: 'searched' })
    })
  }
}

function gives(network: string, known = true): TestRelay {
  return { mood: 'gives', network, known }
}

function wanting(relays: Record<string, TestRelay>, count?: number): World {
  const world = new World(relays, count)
  world.send({ type: 'want', wanted: true })
  return world
}

test('a node that cannot be dialled reserves on two relays in different networks', () => {
  const world = wanting({ a: gives('n1'), b: gives('n1'), c: gives('n2') })
  world.pass(5 * SECOND_MS)
  assert.deepEqual(world.networks().sort(), ['n1', 'n2'])
})

test('private and loopback relays are exempt from the rule of different networks', () => {
  const world = wanting({ a: gives(''), b: gives('') })
  world.pass(SECOND_MS)
  assert.equal(world.held.size, 2)
})

test('relays of one network do where a search found no other', () => {
  const world = wanting({ a: gives('n1'), b: gives('n1') })
  world.pass(20 * SECOND_MS)
  assert.equal(world.held.size, 2)
  assert.ok(world.walks > 0, 'it asked strangers first')
})

test('a node without relays asks the DHT for some', () => {
  const world = wanting({ a: gives('n1', false), b: gives('n2', false) })
  world.pass(20 * SECOND_MS)
  assert.equal(world.held.size, 2)
})

test('a node that is wanted no more asks nobody and drops what it holds', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(SECOND_MS)
  world.send({ type: 'want', wanted: false })
  assert.equal(world.held.size, 0)
  const { length } = world.asked
  world.pass(HOUR_MS)
  assert.equal(world.asked.length, length)
})

test('a reservation given after all is dropped when it is wanted no more', () => {
  const world = wanting({ a: gives('n1') })
  world.pass(50)
  assert.equal(world.asking.size, 1)
  world.send({ type: 'want', wanted: false })
  world.pass(SECOND_MS)
  assert.equal(world.held.size, 0)
})

test('a lost relay is replaced within 30 s, also when the first that are tried do not answer', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(10 * MINUTE_MS)
  for (const name of ['one', 'two', 'three', 'four']) {
    world.relays.set(name, { mood: 'silent', network: name, known: true })
  }
  world.relays.set('full', { mood: 'full', network: 'n4', known: true })
  world.relays.set('c', gives('n5'))
  world.end('a')
  world.pass(REPLACED_WITHIN_MS)
  assert.deepEqual([...world.held].sort(), ['b', 'c'])
})

test('both relays lost at once are replaced within 30 s by relays that only the DHT knows', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(10 * MINUTE_MS)
  world.relays.set('c', gives('n3', false))
  world.relays.set('d', gives('n4', false))
  world.end('a')
  world.end('b')
  world.pass(REPLACED_WITHIN_MS)
  assert.deepEqual([...world.held].sort(), ['c', 'd'])
})

test('a relay that restarts is used again when there is no other', () => {
  const world = wanting({ a: gives('n1') })
  world.pass(10 * MINUTE_MS)
  world.end('a')
  world.pass(8 * SECOND_MS)
  world.relays.get('a')!.mood = 'gives'
  world.pass(REPLACED_WITHIN_MS)
  assert.ok(world.held.has('a'))
})

test('a relay that had served and was away for an hour is used again within 30 s when there is no other', () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = new World({ a: gives('n1') }, 2, seed)
    world.send({ type: 'want', wanted: true })
    world.pass(10 * MINUTE_MS)
    world.end('a')
    world.pass(HOUR_MS)
    world.relays.get('a')!.mood = 'gives'
    world.pass(REPLACED_WITHIN_MS + SECOND_MS)
    assert.ok(world.held.has('a'))
  }
})

test('a reservation is renewed before it expires and stays held meanwhile', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(SECOND_MS)
  for (let minutes = 0; minutes < 180; minutes++) {
    world.pass(MINUTE_MS)
    assert.equal(world.held.size, 2)
  }
  assert.equal(world.asked.length, 2 + 2 * 4)
})

test('a renewal that fails counts as a loss', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(SECOND_MS)
  world.relays.get('a')!.mood = 'full'
  world.relays.set('c', gives('n3'))
  world.pass(HOUR_MS)
  assert.deepEqual([...world.held].sort(), ['b', 'c'])
})

test('a relay that ends in good order is kept until another is there', () => {
  const world = wanting({ a: gives('n1'), b: gives('n2') })
  world.pass(SECOND_MS)
  world.relays.get('a')!.mood = 'no relay'
  world.send({ type: 'leaving', peerId: 'a' })
  assert.ok(world.held.has('a'))
  world.relays.set('c', gives('n3'))
  world.send({ type: 'known', relays: [{ peerId: 'c', networks: ['n3'], connected: true }] })
  world.pass(SECOND_MS)
  assert.deepEqual([...world.held].sort(), ['b', 'c'])
})

test('a relay whose connection moved renews at once', () => {
  const world = wanting({ a: gives('n1') }, 1)
  world.pass(MINUTE_MS)
  world.send({ type: 'moved', peerId: 'a' })
  world.pass(200)
  assert.deepEqual(world.asked, ['a', 'a'])
  assert.ok(world.held.has('a'))
})

test('a relay that gives and closes without end is asked ever less often', () => {
  const world = wanting({ a: gives('n1') }, 1)
  for (let second = 0; second < 3_600; second++) {
    world.pass(SECOND_MS)
    if (world.held.has('a')) {
      world.send({ type: 'lost', peerId: 'a' })
      world.held.delete('a')
    }
  }
  assert.ok(world.asked.length < 30, `asked ${world.asked.length} times in an hour`)
})

test('relays that are full are asked again, ever less often, and searches become rare', () => {
  const world = wanting({ a: { mood: 'full', network: 'n1', known: true } })
  world.pass(HOUR_MS)
  assert.ok(world.asked.length > 10 && world.asked.length < 40, `asked ${world.asked.length} times in an hour`)
  assert.ok(world.walks < 25, `walked ${world.walks} times in an hour`)
  world.relays.get('a')!.mood = 'gives'
  world.pass(5 * MINUTE_MS)
  assert.ok(world.held.has('a'))
})

test('a change of network forgets all waiting times', () => {
  const world = wanting({ a: { mood: 'gone', network: 'n1', known: true } })
  world.pass(HOUR_MS)
  world.relays.get('a')!.mood = 'gives'
  world.send({ type: 'network-changed' })
  world.pass(SECOND_MS)
  assert.ok(world.held.has('a'))
})

test('what strangers say about relays is bounded', () => {
  const world = new World({}, 0)
  const relays = Array.from({ length: 10_000 }, (_, index) => ({ peerId: `${index}`, networks: [], connected: false }))
  world.send({ type: 'known', relays })
  world.send({ type: 'want', wanted: true })
  world.pass(HOUR_MS)
  assert.deepEqual(world.asked, [])
})

const moods = fc.constantFrom<TestRelay['mood']>('gives', 'full', 'silent', 'gone', 'no relay')
const acts = fc.array(
  fc.record({ relay: fc.nat(5), mood: moods, lose: fc.boolean(), passMs: fc.integer({ min: 0, max: 90_000 }) }),
  { maxLength: 40 },
)

test('whatever relays do, a node whose relays become good again holds its reservations within ten minutes', () => {
  fc.assert(
    fc.property(acts, fc.nat(), (turns, seed) => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f']
      const world = new World(
        Object.fromEntries(names.map((name, i) => [name, gives(`n${i % 3}`, i % 2 === 0)])),
        2,
        seed,
      )
      world.send({ type: 'want', wanted: true })
      for (const { relay, mood, lose, passMs } of turns) {
        const name = names[relay]!
        world.relays.get(name)!.mood = mood
        if (lose && world.held.delete(name)) {
          world.held.add(name)
          world.send({ type: 'lost', peerId: name })
        }
        world.pass(passMs)
      }
      for (const relay of world.relays.values()) {
        relay.mood = 'gives'
      }
      world.pass(11 * MINUTE_MS)
      assert.equal(world.held.size, 2)
    }),
    { numRuns: 200 },
  )
})
