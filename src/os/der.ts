/** One element of DER (ITU-T X.690): its tag byte and what it holds. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
}

const SHORT_FORM_LIMIT = 0x80
const LENGTH_MAX_BYTES = 4
const BYTE_VALUES = 256

/** Splits DER into the elements that stand side by side. @throws RangeError when it is cut off */
export function readDer(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = []
  for (let offset = 0; offset < bytes.byteLength; ) {
    const { length, start } = readLength(bytes, offset + 1)
    if (start + length > bytes.byteLength) {
      throw new RangeError('DER is cut off')
    }
    elements.push({ tag: bytes[offset] ?? 0, content: bytes.subarray(start, start + length) })
    offset = start + length
  }
  return elements
}

function readLength(bytes: Uint8Array, offset: number): { length: number; start: number } {
  const first = bytes[offset] ?? 0
  if (first < SHORT_FORM_LIMIT) {
    return { length: first, start: offset + 1 }
  }
  const count = first - SHORT_FORM_LIMIT
  if (count === 0 || count > LENGTH_MAX_BYTES) {
    throw new RangeError('DER with a length that cannot be')
  }
  const length = bytes.subarray(offset + 1, offset + 1 + count).reduce((sum, byte) => sum * BYTE_VALUES + byte, 0)
  return { length, start: offset + 1 + count }
}
