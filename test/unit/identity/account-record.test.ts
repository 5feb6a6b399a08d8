import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AccountKey } from '../../../src/identity/account-key.ts'
import {
  type AccountRecord,
  isNewer,
  openAccountRecord,
  RECORD_CLOCK_SKEW_MS,
  RECORD_VALIDITY_MS,
  recordPlace,
  signAccountRecord,
} from '../../../src/identity/account-record.ts'
import {
  type NodeEntry,
  RECORD_MAX_BYTES,
  RECORD_NODES_MAX,
  type RecordBody,
  recordBody,
  recordEnvelope,
} from '../../../src/identity/account-record-message.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { RecordError, type RecordProblem } from '../../../src/identity/record-error.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { fromHex, toHex, toUtf8 } from '../../../src/util/bytes.ts'

const HOUR_MS = 3_600_000
const NOW_MS = 1_900_000_000_000
const alice = AccountKey.fromSeed(new Uint8Array(32).fill(1))
const mallory = AccountKey.fromSeed(new Uint8Array(32).fill(2))

function peerId(index: number): string {
  const seed = new Uint8Array(32).fill(77)
  seed.set([index & 255, index >> 8])
  return NodeKey.fromSeed(seed).peerId
}

function node(index: number, more: Partial<NodeEntry> = {}): NodeEntry {
  return { peerId: peerId(index), addresses: [], capabilities: [], updatedMs: NOW_MS, prekeys: [], ...more }
}

const content: Omit<RecordBody, 'publicKey'> = {
  sequence: 7,
  issuedMs: NOW_MS,
  expiresMs: NOW_MS + RECORD_VALIDITY_MS,
  nodes: [node(0, { addresses: ['/ip4/192.0.2.1/tcp/4001'], capabilities: ['mailbox'] })],
  mailboxKeys: [],
}

const rich: Omit<RecordBody, 'publicKey'> = {
  ...content,
  nodes: Array.from({ length: RECORD_NODES_MAX }, (_, i) =>
    node(i, { addresses: Array(16).fill('/ip4/192.0.2.255/tcp/65535'), prekeys: [new Uint8Array(40).fill(i)] }),
  ),
  mailboxKeys: Array.from({ length: 64 }, (_, i) => new Uint8Array(32).fill(i)),
  profile: {
    nickname: 'Älice',
    items: [{ node: 'urn:xmpp:omemo:2:devices', id: 'current', payload: '<devices/>' }],
    updatedMs: 0,
  },
}

/** A length of 128 to 16,383 as a varint. */
function lengthHex(length: number): string {
  return toHex(Uint8Array.of((length & 127) | 128, length >> 7))
}

/** Signs a body as it is, rules or no rules. */
function envelopeOf(body: Uint8Array, key: AccountKey = alice): Uint8Array {
  return recordEnvelope.encode({ body, signature: key.sign(Buffer.concat([toUtf8('kabber-account-record:'), body])) })
}

function bodyOf(changes: Partial<RecordBody>): Uint8Array {
  return recordBody.encode({ ...content, publicKey: alice.publicKey, ...changes })
}

function refusal(bytes: Uint8Array, publicKey?: Uint8Array): RecordProblem {
  try {
    openAccountRecord(bytes, publicKey === undefined ? { nowMs: NOW_MS } : { nowMs: NOW_MS, publicKey })
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error))
    return error.reason
  }
  return assert.fail('the record was accepted')
}

const open = (bytes: Uint8Array): AccountRecord => openAccountRecord(bytes, { nowMs: NOW_MS })

describe('an account record', () => {
  test('gives back what was signed', () => {
    for (const each of [content, rich, { ...content, nodes: [] }]) {
      const encoded = signAccountRecord(alice, each)
      assert.deepEqual(openAccountRecord(encoded, { nowMs: NOW_MS, publicKey: alice.publicKey }), {
        ...each,
        publicKey: alice.publicKey,
        address: alice.address,
        encoded,
      })
    }
  })

  test('has the encoding that is written down here, byte by byte', () => {
    const nodes = [node(0, { addresses: ['/a'], capabilities: ['b'], updatedMs: 300, prekeys: [Uint8Array.of(5)] })]
    const encoded = signAccountRecord(alice, {
      ...content,
      sequence: 1,
      nodes,
      mailboxKeys: [mallory.publicKey],
      profile: { nickname: 'A', items: [{ node: 'n', id: 'i', payload: '<p/>' }], updatedMs: 7 },
    })
    const expected = [
      ['0a20', toHex(alice.publicKey)],
      ['1001', '1880f0cc86a637', '208080c8daaf37'],
      ['2a43', '0a34', toHex(toUtf8(peerId(0))), '12022f61', '1a0162', '20ac02', '2a0105'],
      ['3220', toHex(mallory.publicKey)],
      ['3a13', '0a0141', '120c', '0a016e', '120169', '1a043c702f3e', '1807'],
    ]
      .flat()
      .join('')
    const { body, signature } = recordEnvelope.decode(encoded)
    assert.equal(toHex(body), expected)
    assert.equal(toHex(encoded), `0a${lengthHex(body.length)}${expected}1240${toHex(signature)}`)
  })

  test('is signed the same way twice, and differs with every part of its content', () => {
    const one = toHex(signAccountRecord(alice, content))
    assert.equal(toHex(signAccountRecord(alice, content)), one)
    for (const change of [{ sequence: 8 }, { issuedMs: NOW_MS + 1 }, { expiresMs: NOW_MS + 1 }, { nodes: [] }]) {
      assert.notEqual(toHex(signAccountRecord(alice, { ...content, ...change })), one)
    }
  })

  test('does not change with the bytes it came from', () => {
    const bytes = Buffer.from(signAccountRecord(alice, content))
    const record = open(bytes)
    bytes.fill(0)
    assert.equal(isNewer(record, open(signAccountRecord(alice, content))), false)
    assert.deepEqual(open(record.encoded).nodes, content.nodes)
  })

  test('is refused when any one bit of it is changed', () => {
    const encoded = signAccountRecord(alice, content)
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const changed = new Uint8Array(encoded)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.ok(['malformed', 'signature'].includes(refusal(changed)), `bit ${bit}`)
    }
  })

  test('is refused when cut off anywhere', () => {
    const encoded = signAccountRecord(alice, content)
    for (let length = 0; length < encoded.length; length++) {
      assert.equal(refusal(encoded.subarray(0, length)), 'malformed')
    }
  })

  test('with fields of a later version in the signed part is accepted and passed on whole', () => {
    const later = envelopeOf(Uint8Array.from([...bodyOf({}), ...fromHex('a20603aabbcc')]))
    const record = open(later)
    assert.deepEqual(record.encoded, later)
    assert.equal(record.sequence, content.sequence)
  })

  const twice = node(1)
  for (const [title, bytes, reason] of [
    ['that is empty', new Uint8Array(0), 'malformed'],
    ['signed by another account', envelopeOf(bodyOf({}), mallory), 'signature'],
    [
      'signed without the prefix',
      recordEnvelope.encode({ body: bodyOf({}), signature: alice.sign(bodyOf({})) }),
      'signature',
    ],
    ['with a key of small order', envelopeOf(bodyOf({ publicKey: new Uint8Array(32) })), 'signature'],
    ['with unknown fields outside the signed part', Uint8Array.from([...envelopeOf(bodyOf({})), 0x18, 1]), 'malformed'],
    [
      'in another order',
      Uint8Array.from([...envelopeOf(bodyOf({})).subarray(-66), ...envelopeOf(bodyOf({})).subarray(0, -66)]),
      'malformed',
    ],
    [
      'with a default that is written',
      envelopeOf(
        Uint8Array.from([...bodyOf({ sequence: 0 }).subarray(0, 34), 0x10, 0, ...bodyOf({ sequence: 0 }).subarray(34)]),
      ),
      'malformed',
    ],
    [
      'with a signed part in another order',
      envelopeOf(Uint8Array.from([...bodyOf({}).subarray(34), ...bodyOf({}).subarray(0, 34)])),
      'malformed',
    ],
    ['that has expired', envelopeOf(bodyOf({ issuedMs: NOW_MS - HOUR_MS, expiresMs: NOW_MS })), 'expired'],
    [
      'issued too far in the future',
      envelopeOf(bodyOf({ issuedMs: NOW_MS + RECORD_CLOCK_SKEW_MS + 1, expiresMs: NOW_MS + RECORD_CLOCK_SKEW_MS + 2 })),
      'not-yet-valid',
    ],
    ['valid for longer than 30 days', envelopeOf(bodyOf({ expiresMs: NOW_MS + RECORD_VALIDITY_MS + 1 })), 'malformed'],
    ['that expires when it is issued', envelopeOf(bodyOf({ expiresMs: NOW_MS })), 'malformed'],
    ['that expires before it is issued', envelopeOf(bodyOf({ expiresMs: NOW_MS - 1 })), 'malformed'],
    ['with a node listed twice', envelopeOf(bodyOf({ nodes: [twice, twice] })), 'malformed'],
    [
      'with a node that is no PeerId',
      envelopeOf(bodyOf({ nodes: [node(1, { peerId: 'z'.repeat(52) })] })),
      'malformed',
    ],
    [
      'with a PeerId of another key type',
      envelopeOf(bodyOf({ nodes: [node(1, { peerId: `1${peerId(1).slice(1).split('').reverse().join('')}` })] })),
      'malformed',
    ],
    [
      'with an address that is none',
      envelopeOf(bodyOf({ nodes: [node(1, { addresses: ['192.0.2.1'] })] })),
      'malformed',
    ],
    ['of one byte above 32 KiB', new Uint8Array(RECORD_MAX_BYTES + 1), 'too-large'],
    ['of a megabyte', new Uint8Array(1 << 20), 'too-large'],
  ] as const satisfies readonly (readonly [string, Uint8Array, RecordProblem])[]) {
    test(`is refused ${title}`, () => {
      assert.equal(refusal(bytes), reason)
    })
  }

  test('is refused when it is that of another account than asked for', () => {
    assert.equal(refusal(signAccountRecord(mallory, content), alice.publicKey), 'wrong-account')
  })

  test('is accepted at the edges of its time', () => {
    const ahead = { ...content, issuedMs: NOW_MS + RECORD_CLOCK_SKEW_MS, expiresMs: NOW_MS + RECORD_VALIDITY_MS }
    open(signAccountRecord(alice, ahead))
    open(signAccountRecord(alice, { ...content, issuedMs: NOW_MS - HOUR_MS, expiresMs: NOW_MS + 1 }))
  })

  test('is refused when it has one more of anything than allowed', () => {
    // Long expired, so that a record within its limits is refused for that.
    const start = `0a20${toHex(alice.publicKey)}18012002`
    const entry = (fields: string, index = 1): string => {
      const all = `0a34${toHex(toUtf8(peerId(index)))}${fields}`
      return `2a${lengthHex(all.length / 2)}${all}`
    }
    const padding = '12022f61'.repeat(16)
    const limits: readonly (readonly [title: string, max: number, hex: (count: number) => string])[] = [
      [
        'nodes',
        16,
        (count) => Array.from({ length: count }, (_, i) => entry(padding + '1a0161'.repeat(8), i)).join(''),
      ],
      ['addresses', 16, (count) => entry(`${'12022f61'.repeat(count)}${'1a0161'.repeat(16)}`)],
      ['capabilities', 16, (count) => entry(padding + '1a0161'.repeat(count))],
      ['prekeys', 4, (count) => entry(padding + '2a0105'.repeat(count))],
      ['mailbox keys', 64, (count) => `3220${'ab'.repeat(32)}`.repeat(count)],
      ['bytes of a mailbox key', 32, (count) => `32${toHex(Uint8Array.of(count))}${'ab'.repeat(count)}`],
    ]
    for (const [title, max, hex] of limits) {
      assert.equal(refusal(envelopeOf(fromHex(start + hex(max)))), 'expired', title)
      assert.equal(refusal(envelopeOf(fromHex(start + hex(max + 1)))), 'malformed', title)
    }
  })

  test('is not signed when it would be refused', () => {
    const items = Array(3).fill({ node: 'n', id: 'i', payload: 'x'.repeat(11_000) })
    const big = { nickname: '', items, updatedMs: 0 }
    for (const [change, reason] of [
      [{ profile: big }, 'too-large'],
      [{ nodes: [twice, twice] }, 'malformed'],
      [{ expiresMs: NOW_MS + RECORD_VALIDITY_MS + 1 }, 'malformed'],
    ] as const) {
      assert.throws(
        () => signAccountRecord(alice, { ...content, ...change }),
        (error) => error instanceof RecordError && error.reason === reason,
      )
    }
    assert.throws(
      () => signAccountRecord(alice, { ...content, mailboxKeys: Array(65).fill(alice.seed) }),
      AssertionError,
    )
  })

  test('may have exactly 32 KiB', () => {
    const filled = (extra: number): Omit<RecordBody, 'publicKey'> => ({
      ...content,
      profile: {
        nickname: '',
        items: [16_000, 16_000, extra].map((n) => ({ node: 'n', id: 'i', payload: 'x'.repeat(n) })),
        updatedMs: 0,
      },
    })
    const rest = RECORD_MAX_BYTES - signAccountRecord(alice, filled(200)).length
    const encoded = signAccountRecord(alice, filled(200 + rest))
    assert.equal(encoded.length, RECORD_MAX_BYTES)
    open(encoded)
    assert.throws(() => signAccountRecord(alice, filled(201 + rest)), RecordError)
  })

  test('mutated in any way throws nothing but RecordError', () => {
    const originals = [signAccountRecord(alice, content), signAccountRecord(alice, rich)]
    const edit = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) })
    fc.assert(
      fc.property(fc.nat(1), fc.array(edit, { minLength: 1, maxLength: 3 }), fc.boolean(), (which, edits, resign) => {
        const original = originals[which] ?? new Uint8Array(0)
        // Half of them are signed again, so that what lies behind the signature is reached too.
        const target = resign ? recordEnvelope.decode(original).body : original
        const mutated = edits.reduce((bytes, { at, remove, insert }) => {
          const start = at % (bytes.length + 1)
          return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)])
        }, Buffer.from(target))
        try {
          open(resign && mutated.length > 0 ? envelopeOf(mutated) : mutated)
        } catch (error) {
          assert.ok(error instanceof RecordError, String(error))
        }
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('of two records of an account', () => {
  const record = (change: Partial<RecordBody>): AccountRecord =>
    open(signAccountRecord(alice, { ...content, ...change }))

  test('the one with the higher sequence counts, whenever it was issued', () => {
    const older = record({ sequence: 7, issuedMs: NOW_MS + HOUR_MS })
    const newer = record({ sequence: 8, issuedMs: NOW_MS })
    assert.equal(isNewer(newer, older), true)
    assert.equal(isNewer(older, newer), false)
    assert.equal(isNewer(newer, newer), false)
  })

  test('with one sequence everybody chooses the same', () => {
    const [a, b] = [record({ nodes: [node(1)] }), record({ nodes: [node(2)] })]
    assert.equal(isNewer(a, b), !isNewer(b, a))
  })
})

test('the place of a record is the SHA-256 of prefix and key', () => {
  const expected = createHash('sha256').update('kabber-account:').update(alice.publicKey).digest('hex')
  assert.equal(toHex(recordPlace(alice.publicKey)), expected)
})
