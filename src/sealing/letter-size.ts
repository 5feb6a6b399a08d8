import { assert } from '../util/assert.ts'
import { AEAD_TAG_BYTES } from './aead.ts'
import {
  COMMITMENT_BYTES,
  HINT_BYTES,
  LETTER_KEY_BYTES,
  LETTER_RECIPIENTS_MAX,
  LETTER_SIZES_BYTES,
  WRAP_COUNTS,
} from './letter-message.ts'
import { XWING_CIPHERTEXT_BYTES } from './xwing.ts'

/** ISO/IEC 7816-4: at least this one byte marks where the content ends. */
const PADDING_MARK = 0x80

/** The smallest of `WRAP_COUNTS` that holds so many wraps. */
export function wrapCount(recipients: number): number {
  const count = WRAP_COUNTS.find((candidate) => candidate >= recipients)
  assert(count !== undefined && recipients >= 1, `a letter is for 1 to ${LETTER_RECIPIENTS_MAX} nodes`)
  return count
}

/** Bytes of content that a letter of `size` bytes with `wraps` wraps holds at most; negative when not even the wraps fit. */
export function letterCapacity(size: number, wraps: number): number {
  return size - bodyOverhead(size - headerBytes(wraps)) - headerBytes(wraps) - AEAD_TAG_BYTES - 1
}

/** The smallest letter that holds so much content, undefined when none does. */
export function letterSize(contentBytes: number, wraps: number): number | undefined {
  return LETTER_SIZES_BYTES.find((size) => letterCapacity(size, wraps) >= contentBytes)
}

/** Content, mark and zeros: `capacity + 1` bytes. */
export function pad(content: Uint8Array, capacity: number): Uint8Array {
  assert(content.length <= capacity, 'the content fits')
  const padded = new Uint8Array(capacity + 1)
  padded.set(content)
  padded[content.length] = PADDING_MARK
  return padded
}

/** The content of what `pad` gave, undefined when there is no mark. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1
  while (end >= 0 && padded[end] === 0) {
    end--
  }
  return padded[end] === PADDING_MARK ? padded.subarray(0, end) : undefined
}

/** A length-delimited field with a number below 16: tag, length, bytes. */
function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3
}

function headerBytes(wraps: number): number {
  const wrap =
    fieldBytes(HINT_BYTES) + fieldBytes(XWING_CIPHERTEXT_BYTES) + fieldBytes(LETTER_KEY_BYTES + AEAD_TAG_BYTES)
  return fieldBytes(COMMITMENT_BYTES) + wraps * fieldBytes(wrap)
}

/** Tag and length of a body that fills `space`; no size class is near a power of 128, where the two depend on each other. */
function bodyOverhead(space: number): number {
  return 1 + varintBytes(space)
}
