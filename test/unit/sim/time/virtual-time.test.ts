import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onVirtualTime } from '../../../support/sim-child.ts'

const IMPORTS = `import { virtualTime } from './sim/time/virtual-time.ts'
const time = virtualTime()
const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
`

async function lines(body: string): Promise<string[]> {
  const out = await onVirtualTime(`${IMPORTS}await time.drive(7, async () => {\n${body}\n})\nprocess.exit(0)`)
  return out.trim().split('\n')
}

/** What ends a run that does `work`. */
async function trapped(work: string): Promise<string> {
  return await onVirtualTime(`${IMPORTS}
try {
  await time.drive(1, async () => { ${work}; await pass(1_000_000) })
  console.log('not trapped')
} catch (error) { console.log(error.name + ': ' + error.message) }
process.exit(0)`)
}

test('a year passes at once, and every clock shows it', async () => {
  const [shown] = await lines(`
    await pass(2 ** 31 - 1)
    console.log([time.now(), Date.now() - Date.UTC(2026, 0, 1), performance.now(), process.hrtime()[0], new Date().getUTCMonth()].join())`)
  assert.equal(shown, '2147483647,2147483647,2147483647,2147483,0')
})

test('timers fire by time, those of one time in the order of their making, with ticks and promises in between', async () => {
  const order = await lines(`
    const say = (what) => console.log(what)
    setTimeout(() => say('20 first'), 20)
    setTimeout(() => { say('10'); process.nextTick(() => say('tick of 10')); Promise.resolve().then(() => say('promise of 10')) }, 10)
    setTimeout(() => say('20 second'), 20)
    const cancelled = setTimeout(() => say('never'), 15)
    clearTimeout(cancelled)
    setImmediate(() => say('at once'))
    const every = setInterval(() => { say('interval ' + time.now()); if (time.now() >= 60) clearInterval(every) }, 30)
    await pass(100)`)
  assert.deepEqual(order, [
    ...['at once', '10', 'tick of 10', 'promise of 10', '20 first', '20 second', 'interval 30', 'interval 60'],
  ])
})

test('signals time out and timers of node:timers wait in virtual time', async () => {
  const shown = await lines(`
    const { setTimeout: sleep } = await import('node:timers/promises')
    const signal = AbortSignal.timeout(5_000)
    await sleep(4_999)
    console.log(signal.aborted)
    await sleep(2)
    console.log(signal.aborted, signal.reason.name, time.now())`)
  assert.deepEqual(shown, ['false', 'true TimeoutError 5001'])
})

test('all ambient randomness comes from the seed', async () => {
  const draw = async (seed: number): Promise<string> =>
    await onVirtualTime(`import nodeCrypto, { randomBytes, randomInt } from 'node:crypto'
${IMPORTS}await time.drive(${seed}, async () => {
  console.log(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)), randomBytes(4), randomInt(1000), nodeCrypto.randomFillSync(new Uint8Array(2)))
})
process.exit(0)`)
  const [first, again, other] = await Promise.all([draw(1), draw(1), draw(2)])
  assert.equal(first, again)
  assert.notEqual(first, other)
})

test('real asynchronous work is trapped and named with the line that did it', async () => {
  const table: [string, RegExp][] = [
    [`void crypto.subtle.digest('SHA-256', new Uint8Array(1))`, /crypto\.subtle\.digest at/],
    [`(await import('node:crypto')).pbkdf2('a', 'b', 1, 1, 'sha1', () => {})`, /crypto\.pbkdf2/],
    [`(await import('node:fs')).readFile('package.json', () => {})`, /readFile \(FSREQCALLBACK\)/],
    [`(await import('node:zlib')).gzip('a', () => {})`, /\(ZLIB\)/],
    [`(await import('node:net')).connect(1, '127.0.0.1').on('error', () => {})`, /connect \(TCPWRAP\)/],
    [`(await import('node:net')).createServer().listen(0)`, /listen \(TCPSERVERWRAP\)/],
    [`(await import('node:dgram')).createSocket('udp4').bind(0)`, /createSocket \(UDPWRAP\)/],
    [
      `(await import('node:net')).Socket.prototype.setTimeout.call(new (await import('node:net')).Socket(), 5, () => {})`,
      /\(Timeout\)/,
    ],
    [`(await import('node:crypto')).generateKeyPairSync('x25519')`, /cannot be seeded: crypto\.generateKeyPairSync/],
  ]
  for (const [work, named] of table) {
    assert.match(await trapped(work), named, work)
  }
})

test('a run that waits for nothing ends as a deadlock, and one whose event throws with that error', async () => {
  assert.match(
    await onVirtualTime(`${IMPORTS}
try { await time.drive(1, () => new Promise(() => {})) } catch (error) { console.log(error.name) }
try { await time.drive(1, async () => { setTimeout(() => { throw new RangeError('mine') }, 5); await pass(10) }) } catch (error) { console.log(error.name) }
try { await time.drive(1, async () => { void Promise.reject(new SyntaxError('lost')); await pass(10) }) } catch (error) { console.log(error.name) }
process.exit(0)`),
    /^DeadlockError\nRangeError\nSyntaxError\n$/,
  )
})

test('without the preload a run is refused with the way to start it', async () => {
  await assert.rejects(
    onVirtualTime(`import { virtualTime } from './sim/time/virtual-time.ts'\nvirtualTime()`, false),
    /start with node --import \.\/sim\/time\/preload\.ts/,
  )
})
