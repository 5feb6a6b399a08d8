import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { equals } from 'uint8arrays/equals'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { RECORD_CLOCK_SKEW_MS, RECORD_VALIDITY_MS, signAccountRecord } from '../../../src/identity/account-record.ts'
import { aeadOpen, aeadSeal } from '../../../src/sealing/aead.ts'
import { fastestMlKem } from '../../../src/sealing/choose-ml-kem.ts'
import { hpkeOpen, hpkeSeal } from '../../../src/sealing/hpke.ts'
import { LetterError, type LetterProblem } from '../../../src/sealing/letter-error.ts'
import { bodyParameters, letterId, letterSecrets, signedBytes, wrapContext } from '../../../src/sealing/letter-key.ts'
import {
  LETTER_RECIPIENTS_MAX,
  LETTER_SIZES_BYTES,
  type LetterHeader,
  letterContent,
  letterStatement,
  sealedLetter,
  WRAP_COUNTS,
} from '../../../src/sealing/letter-message.ts'
import { letterCapacity, pad, unpad } from '../../../src/sealing/letter-size.ts'
import { nobleMlKem } from '../../../src/sealing/noble-ml-kem.ts'
import { LETTER_AGE_MAX_MS, openLetter, type PrekeyPair } from '../../../src/sealing/open-letter.ts'
import { createPrekey, prekeyPair } from '../../../src/sealing/prekey.ts'
import { sealLetter } from '../../../src/sealing/seal-letter.ts'
import { xwing } from '../../../src/sealing/xwing.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { toBase64, toHex, toUtf8 } from '../../../src/util/bytes.ts'
import { account, draftTo, kem, keysOf, NOW_MS, prekeys, recipients } from './letters.ts'

const alice = account('alice')
const bob = account('bob')
const mallory = account('mallory')
const [desk, phone] = prekeys(2) as [PrekeyPair, PrekeyPair]
const stanza = toUtf8('<message><body>What’s in a name?</body></message>')

function refused(bytes: Uint8Array, keys = keysOf(bob, [desk])): LetterProblem {
  try {
    openLetter(bytes, keys)
  } catch (error) {
    assert.ok(error instanceof LetterError, `threw ${String(error)}`)
    return error.reason
  }
  return assert.fail('the letter was opened')
}

function record(of: typeof alice, more: { issuedMs?: number; expiresMs?: number; padBytes?: number } = {}): Uint8Array {
  const { issuedMs = NOW_MS, expiresMs = issuedMs + RECORD_VALIDITY_MS, padBytes = 0 } = more
  const items = Array.from({ length: Math.ceil(padBytes / 10_000) }, (_, index) => ({
    node: 'urn:padding',
    id: `i${index}`,
    payload: 'x'.repeat(Math.min(10_000, padBytes)),
  }))
  return signAccountRecord(of, {
    sequence: 7,
    issuedMs,
    expiresMs,
    nodes: [],
    mailboxKeys: [],
    profile: { nickname: '', items, updatedMs: 0 },
  })
}

/** Opens a letter as its recipient and seals its content again, changed, as somebody who never had the sender's key. */
function resealed(
  sealed: Uint8Array,
  change: (content: { statement: Uint8Array; signature: Uint8Array }) => {
    statement: Uint8Array
    signature: Uint8Array
  },
): Uint8Array {
  const letter = sealedLetter.decode(sealed)
  const [wrap] = letter.wraps
  assert.ok(wrap)
  const context = wrapContext(bob.publicKey, letter.commitment)
  const letterKey = hpkeOpen(desk.keyPair, { encapsulated: wrap.encapsulated, ciphertext: wrap.key }, context)
  assert.ok(letterKey)
  const parameters = bodyParameters(letterSecrets(letterKey).key, letter)
  const padded = aeadOpen(parameters, letter.body)
  const content = padded && unpad(padded)
  assert.ok(content)
  const changed = letterContent.encode(change(letterContent.decode(content)))
  return sealedLetter.encode({ ...letter, body: aeadSeal(parameters, pad(changed, padded.length - 1)) })
}

describe('a sealed letter', () => {
  for (const size of LETTER_SIZES_BYTES) {
    for (const wraps of WRAP_COUNTS) {
      const capacity = letterCapacity(size, wraps)
      if (capacity > 250) {
        test(`of ${size} bytes for ${wraps} nodes is opened by each of them`, () => {
          const pairs = prekeys(wraps)
          const text = new Uint8Array(capacity - 200).fill(7)
          const sealed = sealLetter(draftTo(bob, recipients(pairs), { sender: alice, stanza: text }))
          assert.equal(sealed.length, size)
          for (const pair of [pairs[0], pairs.at(-1)] as PrekeyPair[]) {
            const opened = openLetter(sealed, keysOf(bob, [pair]))
            assert.deepEqual(opened.stanza, text)
            assert.deepEqual(opened.sender, alice.publicKey)
            assert.deepEqual(opened.prekeyId, pair.id)
            assert.equal(opened.singleUse, false)
          }
        })
      }
    }
  }

  test('gives back all that was said', () => {
    const draft = draftTo(bob, recipients([desk]), { sender: alice, stanza, recordSequence: 41, messageId: 'm-1' })
    const { sentMs, messageId, recordSequence, senderRecord } = openLetter(sealLetter(draft), keysOf(bob, [desk]))
    assert.deepEqual(
      { sentMs, messageId, recordSequence, senderRecord },
      {
        sentMs: NOW_MS,
        messageId: 'm-1',
        recordSequence: 41,
        senderRecord: undefined,
      },
    )
  })

  test('has exactly the size of a class for stanzas around every border', () => {
    for (const wraps of [1, 3, 16]) {
      const pairs = prekeys(wraps)
      const count = WRAP_COUNTS.find((candidate) => candidate >= wraps) ?? 0
      for (const size of LETTER_SIZES_BYTES.filter((candidate) => letterCapacity(candidate, count) > 300)) {
        const lengths = Array.from({ length: 12 }, (_, index) => letterCapacity(size, count) - 160 + index)
        const sizes = lengths.map((length) => {
          const draft = draftTo(bob, recipients(pairs), { sender: alice, stanza: new Uint8Array(length).fill(1) })
          try {
            return sealLetter(draft).length
          } catch (error) {
            assert.equal((error as LetterError).reason, 'too-large')
            return size
          }
        })
        assert.ok(
          sizes.every((got) => LETTER_SIZES_BYTES.includes(got)),
          sizes.join(),
        )
      }
    }
  })

  test('holds no stanza that is larger than the largest class', () => {
    const draft = draftTo(bob, recipients([desk]), { sender: alice, stanza: new Uint8Array(65_536) })
    assert.throws(() => sealLetter(draft), { name: 'LetterError', reason: 'too-large' })
  })

  test('shows the number of nodes only as one of five', () => {
    for (let nodes = 1; nodes <= LETTER_RECIPIENTS_MAX; nodes++) {
      const sealed = sealLetter(
        draftTo(bob, recipients(prekeys(1).flatMap((p) => Array(nodes).fill(p))), { sender: alice }),
      )
      const { wraps } = sealedLetter.decode(sealed)
      assert.equal(
        wraps.length,
        WRAP_COUNTS.find((count) => count >= nodes),
      )
      assert.equal(new Set(wraps.map(({ encapsulated }) => toHex(encapsulated))).size, wraps.length)
    }
    assert.throws(() => sealLetter(draftTo(bob, [], { sender: alice })), AssertionError)
    assert.throws(() => sealLetter(draftTo(bob, recipients(prekeys(17)), { sender: alice })), AssertionError)
  })

  test('has the SHA-256 of its bytes as its id', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice }))
    assert.equal(toHex(letterId(sealed)), createHash('sha256').update(sealed).digest('hex'))
  })

  test('is the same for the same seed when ML-KEM takes its coins from it', () => {
    const seeded = (seed: number): Uint8Array => {
      const random = new SeededRandom(seed)
      const noble = xwing(nobleMlKem)
      const pair = prekeyPair(createPrekey(random, NOW_MS), noble)
      return sealLetter({ ...draftTo(bob, recipients([pair]), { sender: alice, stanza }), random, kem: noble })
    }
    assert.deepEqual(seeded(5), seeded(5))
    assert.notDeepEqual(seeded(5), seeded(6))
  })

  test('is opened by the other implementation of ML-KEM', () => {
    for (const [theirs, ours] of [
      [nobleMlKem, fastestMlKem()],
      [fastestMlKem(), nobleMlKem],
    ] as const) {
      const pair = prekeyPair(createPrekey(new SeededRandom('other'), NOW_MS), xwing(ours))
      const sealed = sealLetter({ ...draftTo(bob, recipients([pair]), { sender: alice, stanza }), kem: xwing(theirs) })
      assert.deepEqual(openLetter(sealed, keysOf(bob, [pair])).stanza, stanza)
    }
  })

  test('cannot be made for a prekey that is none', () => {
    const draft = draftTo(bob, [{ publicKey: new Uint8Array(1216).fill(255) }], { sender: alice })
    assert.throws(() => sealLetter(draft), { name: 'LetterError', reason: 'bad-prekey' })
  })
})

describe('prekeys and letters', () => {
  test('a letter does not name a published prekey', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk, phone]), { sender: alice }))
    assert.ok(sealedLetter.decode(sealed).wraps.every(({ hint }) => !equals(hint, desk.id) && !equals(hint, phone.id)))
    assert.ok(!toHex(sealed).includes(toHex(desk.id)))
  })

  test('a single-use prekey is found by its id and told apart', () => {
    const sealed = sealLetter(
      draftTo(bob, [{ publicKey: phone.keyPair.publicKey, singleUseId: phone.id }], { sender: alice, stanza }),
    )
    const singleUse = (id: Uint8Array): PrekeyPair | undefined => (equals(id, phone.id) ? phone : undefined)
    const opened = openLetter(sealed, { ...keysOf(bob, [desk]), singleUse })
    assert.deepEqual(opened.stanza, stanza)
    assert.equal(opened.singleUse, true)
    assert.deepEqual(opened.prekeyId, phone.id)
    assert.equal(refused(sealed, { ...keysOf(bob, [desk]), singleUse: () => undefined }), 'not-for-us')
  })

  test('a single-use id on a letter it does not open does no harm', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza }))
    assert.deepEqual(openLetter(sealed, { ...keysOf(bob, [desk]), singleUse: () => phone }).stanza, stanza)
  })

  test('all live prekeys are tried', () => {
    const live = prekeys(4)
    const sealed = sealLetter(draftTo(bob, recipients([live[3] as PrekeyPair]), { sender: alice, stanza }))
    assert.deepEqual(openLetter(sealed, keysOf(bob, live)).prekeyId, live[3]?.id)
  })

  test('with the private half destroyed nobody opens it', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice }))
    assert.equal(refused(sealed, keysOf(bob, [phone])), 'not-for-us')
    assert.equal(refused(sealed, keysOf(bob, [])), 'not-for-us')
  })
})

describe('who a letter is from and for', () => {
  test('a letter sealed again for somebody else by its recipient is refused there', () => {
    const carolsPrekey = phone
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza }))
    const letter = sealedLetter.decode(sealed)
    const [wrap] = letter.wraps
    assert.ok(wrap)
    const bobs = wrapContext(bob.publicKey, letter.commitment)
    const letterKey = hpkeOpen(desk.keyPair, { encapsulated: wrap.encapsulated, ciphertext: wrap.key }, bobs)
    assert.ok(letterKey)
    const { key } = letterSecrets(letterKey)
    const padded = aeadOpen(bodyParameters(key, letter), letter.body)
    assert.ok(padded)
    const carols = { ...wrapContext(mallory.publicKey, letter.commitment), random: new SeededRandom(1) }
    const message = hpkeSeal(kem, carolsPrekey.keyPair.publicKey, letterKey, carols)
    assert.ok(message)
    const header: LetterHeader = {
      commitment: letter.commitment,
      wraps: [{ hint: wrap.hint, encapsulated: message.encapsulated, key: message.ciphertext }],
    }
    const forwarded = sealedLetter.encode({ ...header, body: aeadSeal(bodyParameters(key, header), padded) })
    assert.equal(refused(forwarded, keysOf(mallory, [carolsPrekey])), 'signature')
  })

  test('a letter for another account of the same node is not opened', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice }))
    assert.equal(refused(sealed, keysOf(mallory, [desk])), 'not-for-us')
  })

  test('the recipient cannot change what was said, when, or who said it', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza }))
    const changes = [
      { sender: mallory.publicKey },
      { sentMs: NOW_MS + 1 },
      { messageId: 'other' },
      { recordSequence: 99 },
      { stanza: toUtf8('<message/>') },
    ]
    for (const change of changes) {
      const forged = resealed(sealed, ({ statement, signature }) => ({
        statement: letterStatement.encode({ ...letterStatement.decode(statement), ...change }),
        signature,
      }))
      assert.equal(refused(forged), 'signature', Object.keys(change).join())
    }
  })

  test('a thief of all the recipient’s keys cannot write to it as somebody else', () => {
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: mallory, stanza }))
    const { commitment } = sealedLetter.decode(sealed)
    const forged = resealed(sealed, ({ statement }) => {
      const said = letterStatement.encode({ ...letterStatement.decode(statement), sender: alice.publicKey })
      return { statement: said, signature: mallory.sign(signedBytes(bob.publicKey, commitment, said)) }
    })
    assert.equal(refused(forged), 'signature')
  })

  test('a signature made for one letter does not serve for another', () => {
    const first = sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza }))
    let said: { statement: Uint8Array; signature: Uint8Array } | undefined
    resealed(first, (content) => {
      said = content
      return content
    })
    const second = sealLetter(draftTo(bob, recipients([desk]), { sender: mallory, stanza }))
    assert.equal(refused(resealed(second, (content) => said ?? content)), 'signature')
  })
})

describe('the sender’s record in a letter', () => {
  const sealedWith = (senderRecord: Uint8Array): Uint8Array =>
    sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza, senderRecord }))

  test('comes out verified', () => {
    const encoded = record(alice)
    const { senderRecord } = openLetter(sealedWith(encoded), keysOf(bob, [desk]))
    assert.equal(senderRecord?.address, alice.address)
    assert.deepEqual(senderRecord?.encoded, encoded)
  })

  test('is refused when it is somebody else’s or damaged', () => {
    assert.equal(refused(sealedWith(record(mallory))), 'sender-record')
    const damaged = record(alice)
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    assert.equal(refused(sealedWith(damaged)), 'sender-record')
    assert.equal(refused(sealedWith(toUtf8('no record'))), 'sender-record')
  })

  test('is left out when it expired, the letter is not', () => {
    const old = record(alice, { issuedMs: NOW_MS - 10, expiresMs: NOW_MS - 5 })
    const opened = openLetter(sealedWith(old), keysOf(bob, [desk]))
    assert.equal(opened.senderRecord, undefined)
    assert.deepEqual(opened.stanza, stanza)
  })

  test('is left out where it has no room', () => {
    const big = new Uint8Array(60_000).fill(33)
    const senderRecord = record(alice, { padBytes: 20_000 })
    const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza: big, senderRecord }))
    const opened = openLetter(sealed, keysOf(bob, [desk]))
    assert.equal(opened.senderRecord, undefined)
    assert.deepEqual(opened.stanza, big)
  })
})

describe('the time of a letter', () => {
  const sealed = sealLetter(draftTo(bob, recipients([desk]), { sender: alice }))
  const at = (nowMs: number): string => {
    try {
      openLetter(sealed, { ...keysOf(bob, [desk]), nowMs })
      return 'opened'
    } catch (error) {
      return (error as LetterError).reason
    }
  }

  test('may be as old as letters become, clocks included', () => {
    assert.equal(at(NOW_MS + LETTER_AGE_MAX_MS), 'opened')
    assert.equal(at(NOW_MS + LETTER_AGE_MAX_MS + 1), 'expired')
  })

  test('may be ahead by as much as clocks differ', () => {
    assert.equal(at(NOW_MS - RECORD_CLOCK_SKEW_MS), 'opened')
    assert.equal(at(NOW_MS - RECORD_CLOCK_SKEW_MS - 1), 'not-yet-valid')
  })
})

describe('bytes from a stranger', () => {
  const pairs = prekeys(2)
  const sealed = sealLetter(draftTo(bob, recipients(pairs), { sender: alice, stanza }))
  const keys = keysOf(bob, [pairs[1] as PrekeyPair])

  test('no byte of a letter can be changed', () => {
    // Every byte of the framing, then a sample of the rest.
    const positions = [...Array(90).keys(), ...Array.from({ length: 250 }, (_, index) => 90 + index * 16)]
    for (const position of positions.filter((candidate) => candidate < sealed.length)) {
      const changed = new Uint8Array(sealed)
      changed[position] = (changed[position] ?? 0) ^ (1 << (position % 8))
      assert.ok(['malformed', 'not-for-us', 'decrypt'].includes(refused(changed, keys)), `byte ${position}`)
    }
  })

  test('10,000 mutated letters are refused as such and nothing else is thrown', () => {
    const random = new SeededRandom('mutations')
    for (let round = 0; round < 10_000; round++) {
      const changed = new Uint8Array(sealed)
      // Mostly the framing, where a change leads somewhere new; behind it everything ends in the same two checks.
      const span = round % 10 === 0 ? changed.length : 60
      for (let count = 1 + random.uniform(4); count > 0; count--) {
        changed[random.uniform(span)] = random.uniform(256)
      }
      if (!equals(changed, sealed)) {
        refused(changed, keys)
      }
    }
  })

  test('are refused whatever they are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LETTER_SIZES_BYTES, 0, 1, 100),
        fc.uint8Array({ maxLength: 200 }),
        (size, bytes) => {
          const frame = new Uint8Array(size)
          frame.set(bytes.subarray(0, size))
          assert.equal(refused(frame, keys), 'malformed')
        },
      ),
    )
  })

  test('are refused when they are a letter with something added or cut off', () => {
    for (const bytes of [sealed.subarray(0, -1), new Uint8Array([...sealed, 0]), sealed.subarray(0, 2048)]) {
      assert.equal(refused(bytes, keys), 'malformed')
    }
    const letter = sealedLetter.decode(sealed)
    const shorter = sealedLetter.encode({ ...letter, body: letter.body.subarray(4) })
    assert.equal(refused(new Uint8Array([...shorter, 0x20, 1, 0x28, 1]), keys), 'malformed')
  })

  test('are refused with a number of wraps that no letter has', () => {
    const letter = sealedLetter.decode(sealed)
    const wraps = [...letter.wraps, ...letter.wraps.slice(0, 1)]
    const header = sealedLetter.encode({ ...letter, wraps, body: new Uint8Array(16) }).length - 16
    const body = new Uint8Array(4096 - header - 1)
    assert.equal(refused(sealedLetter.encode({ ...letter, wraps, body }), keys), 'malformed')
  })

  test('a body that opens under another key than the one committed to is refused', () => {
    const letterKey = new SeededRandom('uncommitted').bytes(32)
    const commitment = new Uint8Array(32)
    const context = { ...wrapContext(bob.publicKey, commitment), random: new SeededRandom(1) }
    const message = hpkeSeal(kem, desk.keyPair.publicKey, letterKey, context)
    assert.ok(message)
    const wraps = [{ hint: new Uint8Array(8), encapsulated: message.encapsulated, key: message.ciphertext }]
    const padded = new Uint8Array(letterCapacity(2048, 1) + 1)
    const body = aeadSeal(bodyParameters(letterSecrets(letterKey).key, { commitment, wraps }), padded)
    assert.equal(refused(sealedLetter.encode({ commitment, wraps, body })), 'decrypt')
  })

  test('padding without a mark is refused', () => {
    assert.equal(unpad(new Uint8Array(10)), undefined)
    assert.equal(unpad(new Uint8Array(0)), undefined)
    assert.deepEqual(unpad(Uint8Array.of(1, 0x80, 0)), Uint8Array.of(1))
  })
})

describe('what a stored letter shows', () => {
  test('neither account key, nor prekey, nor text in any encoding', () => {
    const senderRecord = record(alice)
    const sealed = sealLetter(draftTo(bob, recipients([desk, phone]), { sender: alice, stanza, senderRecord }))
    const raw = toHex(sealed)
    const text = new TextDecoder('latin1').decode(sealed)
    for (const secret of [alice.publicKey, bob.publicKey, desk.keyPair.publicKey.subarray(0, 32), desk.id]) {
      assert.ok(!raw.includes(toHex(secret)))
      assert.ok(!text.includes(toHex(secret)))
      assert.ok(!text.includes(toBase64(secret).slice(0, -2)))
    }
    for (const word of ['name', 'message', 'body', alice.address, bob.address]) {
      assert.ok(!text.includes(word), word)
    }
  })

  test('two letters of the same text have nothing in common but their framing', () => {
    const [a, b] = [0, 1].map(() => sealLetter(draftTo(bob, recipients([desk]), { sender: alice, stanza })))
    assert.ok(a && b)
    const same = a.filter((byte, index) => byte === b[index]).length
    assert.ok(same < a.length / 256 + 60, `${same} bytes are alike`)
  })
})
