import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { AccountKey } from '../../src/identity/account-key.ts'
import { type MailboxKey, mailboxKey as mailboxKeyOf } from '../../src/identity/mailbox-key.ts'
import { issuePermit } from '../../src/identity/permit.ts'
import type { Answer, Verb } from '../../src/protocol/mailbox/messages.ts'
import { tombstonesOf } from '../../src/protocol/mailbox/tombstones.ts'
import { letterId } from '../../src/sealing/letter-key.ts'

const random = new SeededRandom('mailbox corpus')
/** The mailbox of the corpus. */
export const corpusMailbox: MailboxKey = mailboxKeyOf(AccountKey.fromSeed(random.bytes(32)), 20_000)

const mailboxKey = corpusMailbox.publicKey
const letter = random.bytes(300)
const ids = Array.from({ length: 4 }, () => letterId(random.bytes(8))).sort(
  (one, other) => (one[0] ?? 0) - (other[0] ?? 0),
)
const permit = issuePermit(corpusMailbox, random)
const proofOfWork = random.bytes(8)
const signature = random.bytes(64)
const tombstones = tombstonesOf(corpusMailbox, [letterId(letter), ...ids])
const end = new Uint8Array(0)

/** An example of every request. */
export const corpusRequests: readonly Verb[] = [
  { putRecord: { record: random.bytes(100) } },
  { getRecord: { publicKey: random.bytes(32) } },
  { deposit: { mailboxKey, permit, letter } },
  { deposit: { mailboxKey, proofOfWork, letter } },
  { collect: { mailboxKey, after: 0, follow: false } },
  { collect: { mailboxKey, after: 1_767_225_600_000_000, follow: true } },
  { prove: { signature } },
  { grant: { bytes: 2_176 } },
  { stop: {} },
  { acknowledge: { mailboxKey, tombstones } },
  { sync: { mailboxKey, digest: random.bytes(32) } },
  { exchange: { mailboxKey, after: end, through: end, letters: ids.slice(0, 2), tombstones: ids.slice(2) } },
  {
    exchange: {
      mailboxKey,
      after: new Uint8Array(32),
      through: new Uint8Array(32).fill(255),
      letters: ids,
      tombstones: [],
    },
  },
  { fetch: { mailboxKey, letterId: letterId(letter) } },
  { replicate: { mailboxKey, permit, letter, depositedMs: 1_767_225_600_000 } },
  { replicate: { mailboxKey, proofOfWork, letter, depositedMs: 1_767_225_600_000 } },
]

/** An example of every answer. */
export const corpusAnswers: readonly Omit<Answer, 'id'>[] = [
  { refused: { reason: 'rate-limited' } },
  { stored: {} },
  { found: { record: random.bytes(100) } },
  { notFound: {} },
  { receipt: { depositedMs: 1_767_225_600_000, expiresMs: 1_768_435_200_000, signature } },
  { letterRefused: { reason: 'proof-of-work-required', difficultyBits: 17, retryAfterMs: 0 } },
  { letterRefused: { reason: 'rate-limited', difficultyBits: 0, retryAfterMs: 2_000 } },
  { challenge: { nonce: random.bytes(32) } },
  { letter: { arrival: 1_767_225_600_000_000, depositedMs: 1_767_225_600_000, letter } },
  { collected: {} },
  { ended: { reason: 'done' } },
  { done: {} },
  { compared: { equal: false } },
  {
    differences: {
      through: end,
      lettersWanted: [],
      lettersOffered: ids.slice(0, 2),
      tombstonesWanted: [],
      tombstones: tombstones.slice(0, 2),
    },
  },
  { replica: { permit, letter, depositedMs: 1_767_225_600_000 } },
]

/** Flips, cuts, repeats, inserts and truncates bytes. */
export function mutate(frame: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = [...frame]
  for (let change = random.uniform(4); change >= 0; change--) {
    const at = random.uniform(Math.max(1, bytes.length))
    switch (random.uniform(6)) {
      case 0:
        bytes[at] = random.uniform(256)
        break
      case 1:
        bytes.splice(at, 1 + random.uniform(20))
        break
      case 2:
        bytes.splice(at, 0, ...random.bytes(random.uniform(12)))
        break
      case 3:
        bytes.push(...bytes.slice(at))
        break
      case 4:
        bytes.length = at
        break
      default:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.uniform(8))
    }
  }
  return Uint8Array.from(bytes.slice(0, 4_000))
}
