import { performance } from 'node:perf_hooks'
import { AccountKey } from '../../src/identity/account-key.ts'
import { mailboxKeysFrom } from '../../src/identity/mailbox-key.ts'
import { issuePermits } from '../../src/identity/permit.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { letterId } from '../../src/sealing/letter-key.ts'
import type { MlKem768 } from '../../src/sealing/ml-kem.ts'
import { nativeMlKem } from '../../src/sealing/native-ml-kem.ts'
import { nobleMlKem } from '../../src/sealing/noble-ml-kem.ts'
import { openLetter } from '../../src/sealing/open-letter.ts'
import { createPrekey, prekeyPair } from '../../src/sealing/prekey.ts'
import { ProofOfWork, verifyWork, WORK_DIFFICULTY_DEFAULT_BITS } from '../../src/sealing/proof-of-work.ts'
import { sealLetter } from '../../src/sealing/seal-letter.ts'
import { xwing } from '../../src/sealing/xwing.ts'

// Prints what sealing and opening letters costs in ms, with both implementations of ML-KEM, and the proof of work.
//
//     node test/bench/sealing.ts
const ROUNDS = 300
const LETTERS = 500
const LIVE_PREKEYS = 3
const WORK_ROUNDS = 20

const random = new OsRandom()
const alice = AccountKey.fromSeed(random.bytes(32))
const bob = AccountKey.fromSeed(random.bytes(32))

function perCallMs(rounds: number, call: () => unknown): number {
  for (let round = 0; round < rounds / 10; round++) {
    call()
  }
  const startMs = performance.now()
  for (let round = 0; round < rounds; round++) {
    call()
  }
  return (performance.now() - startMs) / rounds
}

function print(what: string, ms: number, note = ''): void {
  console.log(`${what.padEnd(58)} ${ms.toFixed(3).padStart(10)} ms  ${note}`)
}

function measureLetters(mlKem: MlKem768): void {
  const kem = xwing(mlKem)
  const node = () => prekeyPair(createPrekey(random, Date.now()), kem)
  const live = Array.from({ length: LIVE_PREKEYS }, node)
  const seal = (stanzaBytes: number, nodes: readonly ReturnType<typeof node>[]): Uint8Array =>
    sealLetter({
      random,
      kem,
      sender: alice,
      recordSequence: 1,
      recipientAccount: bob.publicKey,
      recipients: nodes.map(({ keyPair }) => ({ publicKey: keyPair.publicKey })),
      stanza: new Uint8Array(stanzaBytes).fill(65),
      sentMs: Date.now(),
      messageId: 'm-0001',
    })
  const open = (sealed: Uint8Array): unknown =>
    openLetter(sealed, { recipientAccount: bob.publicKey, prekeys: live, nowMs: Date.now() })
  for (const [stanzaBytes, nodes] of [
    [500, 1],
    [1024, 1],
    [1024, 3],
    [12_000, 1],
    [40_000, 16],
  ] as const) {
    const others = Array.from({ length: nodes - 1 }, node)
    const sealed = seal(stanzaBytes, [...live.slice(0, 1), ...others])
    const what = `${mlKem.name}: ${stanzaBytes} B for ${nodes} node(s), ${sealed.length / 1024} KiB`
    print(
      `${what}, seal`,
      perCallMs(ROUNDS / nodes, () => seal(stanzaBytes, [...live.slice(0, 1), ...others])),
    )
    print(
      `${what}, open`,
      perCallMs(ROUNDS, () => open(sealed)),
    )
  }
  const letters = Array.from({ length: LETTERS }, (_, index) =>
    seal(1024, live.slice(index % LIVE_PREKEYS).slice(0, 1)),
  )
  const startMs = performance.now()
  for (const letter of letters) {
    open(letter)
  }
  print(`${mlKem.name}: open ${LETTERS} letters of 1 KB, ${LIVE_PREKEYS} live prekeys`, performance.now() - startMs)
  print(`${mlKem.name}: make a prekey`, perCallMs(ROUNDS, node))
}

function measureWork(): void {
  let hashes = 0
  const startMs = performance.now()
  for (let round = 0; round < WORK_ROUNDS; round++) {
    const target = { mailbox: random.bytes(32), letterId: random.bytes(32) }
    const work = new ProofOfWork(target, WORK_DIFFICULTY_DEFAULT_BITS)
    let nonce = work.step()
    for (hashes += 8192; nonce === undefined; hashes += 8192) {
      nonce = work.step()
    }
  }
  const ms = performance.now() - startMs
  print(`proof of work, ${WORK_DIFFICULTY_DEFAULT_BITS} bits, mean of ${WORK_ROUNDS}`, ms / WORK_ROUNDS)
  const perSecond = (hashes / ms) * 1000
  const expectedMs = (2 ** WORK_DIFFICULTY_DEFAULT_BITS / perSecond) * 1000
  print('proof of work, expected at this rate', expectedMs, `${Math.round(perSecond).toLocaleString('en')} hashes/s`)
  const target = { mailbox: random.bytes(32), letterId: letterId(random.bytes(2048)) }
  print(
    'proof of work, verify',
    perCallMs(ROUNDS * 10, () => verifyWork(target, new Uint8Array(8), 20)),
  )
}

for (const mlKem of [nativeMlKem, nobleMlKem]) {
  if (mlKem !== undefined) {
    measureLetters(mlKem)
  }
}
print(
  '44 mailbox keys',
  perCallMs(20, () => mailboxKeysFrom(alice, 20_000, 44)),
)
print(
  'permits for 44 days',
  perCallMs(20, () => issuePermits(alice, { fromDay: 20_000, days: 44 }, random)),
)
measureWork()
