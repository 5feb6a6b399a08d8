/** Bytes that one round of SHA-1 takes (FIPS 180-4 §5.2.1). */
const BLOCK_BYTES = 64
const ROUNDS = 80

/**
 * SHA-1 (FIPS 180-4 §6.1): for names that XMPP makes of it, entity capabilities (XEP-0115) and avatar ids (XEP-0084). It
 * protects nothing: collisions can be made.
 */
export function sha1(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = pad(data)
  const view = new DataView(padded.buffer)
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0])
  const words = new Int32Array(ROUNDS)
  for (let offset = 0; offset < padded.length; offset += BLOCK_BYTES) {
    for (let i = 0; i < 16; i++) {
      words[i] = view.getInt32(offset + 4 * i)
    }
    for (let i = 16; i < ROUNDS; i++) {
      words[i] = rotate(word(words, i - 3) ^ word(words, i - 8) ^ word(words, i - 14) ^ word(words, i - 16), 1)
    }
    compress(state, words)
  }
  const digest = new Uint8Array(20)
  const out = new DataView(digest.buffer)
  state.forEach((value, i) => {
    out.setInt32(4 * i, value)
  })
  return digest
}

/** FIPS 180-4 §5.1.1: a one, zeros, and the length in bits as 64 bits. */
function pad(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.ceil((data.length + 9) / BLOCK_BYTES)
  const padded = new Uint8Array(blocks * BLOCK_BYTES)
  padded.set(data)
  padded[data.length] = 0x80
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(data.length) * 8n)
  return padded
}

function compress(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
  for (let i = 0; i < ROUNDS; i++) {
    const next = (rotate(a, 5) + mix(i, b, c, d) + e + word(words, i)) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = next
  }
  state.set([word(state, 0) + a, word(state, 1) + b, word(state, 2) + c, word(state, 3) + d, word(state, 4) + e])
}

/** The function and the constant of FIPS 180-4 §4.1.1 and §4.2.1 for a round, added up. */
function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) {
    return ((b & c) | (~b & d)) + 0x5a827999
  }
  if (round < 40) {
    return (b ^ c ^ d) + 0x6ed9eba1
  }
  if (round < 60) {
    return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  }
  return (b ^ c ^ d) + 0xca62c1d6
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function word(words: Int32Array, index: number): number {
  return words[index] as number
}
