import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305'
import { CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { fastestMlKem } from '../../../src/sealing/choose-ml-kem.ts'
import { hpkeKeySchedule, hpkeOpen, hpkeSeal } from '../../../src/sealing/hpke.ts'
import { nobleMlKem } from '../../../src/sealing/noble-ml-kem.ts'
import { XWING_SEED_BYTES, xwing } from '../../../src/sealing/xwing.ts'
import { fromHex, toHex, toUtf8 } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'
import { DHKEM_X25519_ID, dhkemKeyPair, dhkemX25519 } from './dhkem-x25519.ts'
import { scriptedRandom } from './scripted-random.ts'

interface HpkeVector {
  readonly info: string
  readonly skEm: string
  readonly skRm: string
  readonly pkRm: string
  readonly enc: string
  readonly sharedSecret: string
  readonly key: string
  readonly baseNonce: string
  readonly aad: string
  readonly plaintext: string
  readonly ciphertext: string
}

const random = new SeededRandom('hpke')
const info = toUtf8('kabber test')
const aad = toUtf8('beside the message')
const message = toUtf8('Wherefore art thou, Romeo?')

/** A copy in memory of its own, as the types of WebCrypto ask for. */
function own(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

describe('HPKE against the vectors of RFC 9180', () => {
  for (const vector of loadVectors<HpkeVector>('hpke.json')) {
    const recipient = dhkemKeyPair(fromHex(vector.skRm))
    const context = { info: fromHex(vector.info), aad: fromHex(vector.aad) }

    test('the key schedule gives key and nonce', () => {
      const { key, nonce } = hpkeKeySchedule(DHKEM_X25519_ID, fromHex(vector.sharedSecret), context.info)
      assert.equal(toHex(key), vector.key)
      assert.equal(toHex(nonce), vector.baseNonce)
    })

    test('sealing gives the ciphertext', () => {
      const drawn = scriptedRandom(fromHex(vector.skEm))
      const sealed = hpkeSeal(dhkemX25519, fromHex(vector.pkRm), fromHex(vector.plaintext), {
        ...context,
        random: drawn,
      })
      assert.ok(sealed)
      assert.equal(toHex(sealed.encapsulated), vector.enc)
      assert.equal(toHex(sealed.ciphertext), vector.ciphertext)
    })

    test('opening gives the plaintext', () => {
      const sealed = { encapsulated: fromHex(vector.enc), ciphertext: fromHex(vector.ciphertext) }
      const opened = hpkeOpen(recipient, sealed, context)
      assert.equal(opened && toHex(opened), vector.plaintext)
    })
  }
})

describe('HPKE with X-Wing against @hpke/core and @hpke/hybridkem-x-wing', () => {
  const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() })

  for (const mlKem of [nobleMlKem, fastestMlKem()]) {
    const kem = xwing(mlKem)

    test(`they open what ${mlKem.name} sealed`, async () => {
      const theirs = await suite.kem.generateKeyPair()
      const publicKey = new Uint8Array(await suite.kem.serializePublicKey(theirs.publicKey))
      const sealed = hpkeSeal(kem, publicKey, message, { info, aad, random })
      assert.ok(sealed)
      const recipient = { recipientKey: theirs.privateKey, enc: own(sealed.encapsulated), info: own(info) }
      assert.deepEqual(new Uint8Array(await suite.open(recipient, own(sealed.ciphertext), own(aad))), message)
    })

    test(`${mlKem.name} opens what they sealed`, async () => {
      const keyPair = kem.keyFromSeed(random.bytes(XWING_SEED_BYTES))
      const recipientPublicKey = await suite.kem.deserializePublicKey(own(keyPair.publicKey))
      const { enc, ct } = await suite.seal({ recipientPublicKey, info: own(info) }, own(message), own(aad))
      const sealed = { encapsulated: new Uint8Array(enc), ciphertext: new Uint8Array(ct) }
      assert.deepEqual(hpkeOpen(keyPair, sealed, { info, aad }), message)
    })
  }
})

describe('HPKE with X-Wing', () => {
  const kem = xwing(fastestMlKem())
  const keyPair = kem.keyFromSeed(random.bytes(XWING_SEED_BYTES))
  const sealed = hpkeSeal(kem, keyPair.publicKey, message, { info, aad, random })
  assert.ok(sealed)

  test('opens with the same info and associated data only', () => {
    assert.deepEqual(hpkeOpen(keyPair, sealed, { info, aad }), message)
    assert.equal(hpkeOpen(keyPair, sealed, { info: aad, aad }), undefined)
    assert.equal(hpkeOpen(keyPair, sealed, { info, aad: info }), undefined)
  })

  test('opens with the right key only', () => {
    const other = kem.keyFromSeed(random.bytes(XWING_SEED_BYTES))
    assert.equal(hpkeOpen(other, sealed, { info, aad }), undefined)
  })

  test('opens nothing that is shorter than a tag', () => {
    for (const length of [0, 1, 15, 16]) {
      const ciphertext = sealed.ciphertext.subarray(0, length)
      assert.equal(hpkeOpen(keyPair, { ...sealed, ciphertext }, { info, aad }), undefined)
    }
  })

  test('seals nothing to bytes that are no public key', () => {
    assert.equal(hpkeSeal(kem, new Uint8Array(10), message, { info, aad, random }), undefined)
  })
})
