import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SaslError } from '../../../../src/gateway/sasl/sasl-error.ts'
import { saslPrep } from '../../../../src/gateway/sasl/saslprep.ts'
import { isProofOf, type ScramHash, scramKeys, serverSignature } from '../../../../src/gateway/sasl/scram-keys.ts'
import { parseClientFinal, parseClientFirst } from '../../../../src/gateway/sasl/scram-messages.ts'
import { ScramClient } from '../../../support/scram-client.ts'

interface Vector {
  readonly source: string
  readonly hash: ScramHash
  readonly nonce: string
  readonly serverFirst: string
  readonly proof: string
  readonly signature: string
}

const VECTORS: readonly Vector[] = [
  {
    source: 'RFC 5802 §5',
    hash: 'sha1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    source: 'RFC 7677 §3',
    hash: 'sha256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
]

for (const { source, hash, nonce, serverFirst, proof, signature } of VECTORS) {
  test(`the exchange of ${source} is accepted, and answered with its signature`, () => {
    const first = parseClientFirst(`n,,n=user,r=${nonce}`)
    const [, both = '', salt = ''] = /^r=([^,]+),s=([^,]+)/.exec(serverFirst) ?? []
    const final = parseClientFinal(`c=biws,r=${both},p=${proof}`)
    const keys = scramKeys(hash, 'pencil', Buffer.from(salt, 'base64'), 4096)
    const authMessage = Buffer.from(`${first.bare},${serverFirst},${final.withoutProof}`)
    assert.equal(isProofOf(hash, keys, authMessage, Buffer.from(final.proof, 'base64')), true)
    assert.equal(Buffer.from(serverSignature(hash, keys, authMessage)).toString('base64'), signature)
  })

  test(`the client of these tests does what ${source} shows`, () => {
    const client = new ScramClient({ hash, user: 'user', password: 'pencil', nonce })
    const final = client.final(serverFirst)
    assert.match(final.message, new RegExp(`,p=${proof.replaceAll(/[+/$]/g, '\\$&')}$`))
    assert.equal(final.signature, signature)
  })
}

test('a proof of another length or with one bit changed is none', () => {
  const keys = scramKeys('sha1', 'pencil', Buffer.from('QSXCR+Q6sek8bf92', 'base64'), 4096)
  const message = Buffer.from('n=user,r=a,r=ab,s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=ab')
  for (const length of [0, 19, 20, 21, 32]) {
    assert.equal(isProofOf('sha1', keys, message, new Uint8Array(length)), false)
  }
})

test('a client-first-message is read with its escapes, binding and authorization identity', () => {
  const first = parseClientFirst('p=tls-exporter,a=a=2Cb=3Dc,n=x=3D2Cy,r=abc,z=ext')
  assert.deepEqual(first, {
    gs2Header: 'p=tls-exporter,a=a=2Cb=3Dc,',
    flag: { type: 'tls-exporter' },
    authzid: 'a,b=c',
    userName: 'x=2Cy',
    nonce: 'abc',
    bare: 'n=x=3D2Cy,r=abc,z=ext',
  })
})

const MALFORMED_FIRST = [
  '',
  'n=user,r=abc',
  'n,,n=,r=abc',
  'n,,n=user',
  'n,,n=user,r=',
  'n,,n=us=er,r=abc',
  'n,,n=us=2cer,r=abc',
  'x,,n=user,r=abc',
  'p=,,n=user,r=abc',
  // RFC 5802 §5.1: a mandatory extension that nobody knows.
  'n,,m=ext,n=user,r=abc',
  'n,,n=us\0er,r=abc',
  'n,,n=user,r=a b',
  'n,,n=user,r=abc\n',
]

test('malformed client messages are refused as such', () => {
  const isMalformed = (error: unknown): boolean => error instanceof SaslError && error.condition === 'malformed-request'
  for (const message of MALFORMED_FIRST) {
    assert.throws(() => parseClientFirst(message), isMalformed, message)
  }
  for (const message of [
    '',
    'c=biws,r=abc',
    'c=biws,p=AA==',
    'r=abc,c=biws,p=AA==',
    'c=biws,r=abc,p=',
    'c=!,r=a,p=AA==',
  ]) {
    assert.throws(() => parseClientFinal(message), isMalformed, message)
  }
})

test('names and passwords are prepared as the examples of RFC 4013 §3 show', () => {
  const examples: readonly (readonly [string, string | undefined])[] = [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', undefined],
    ['\u06271', undefined],
    ['\u0627\u0628', '\u0627\u0628'],
    ['a\u00a0b', 'a b'],
    ['\ud800', undefined],
  ]
  for (const [text, prepared] of examples) {
    assert.equal(saslPrep(text), prepared, JSON.stringify(text))
  }
})
