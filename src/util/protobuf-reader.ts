import { ProtocolViolation } from './protocol-violation.ts'

/** Unknown fields skipped in one frame, nested messages included; room for a few versions of a protocol, none for a flood. */
export const UNKNOWN_FIELDS_MAX = 64

/** Wire types of proto3 that are read; the deprecated groups (3 and 4) are refused. */
export const WIRE_TYPE_VARINT = 0
export const WIRE_TYPE_FIXED64 = 1
export const WIRE_TYPE_BYTES = 2
const WIRE_TYPE_FIXED32 = 5

const VARINT_MAX_BYTES = 10
const TAG_MAX = 0xffff_ffff

// The byte order mark is kept so that decoding and encoding stay inverse to each other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the wire format of protobuf from bytes that a stranger sent. Never reads past the end, never allocates more than
 * the caller's limit, and throws nothing but `ProtocolViolation('malformed', …)`. (The reader of protons-runtime is made
 * for trusted bytes: it recurses on groups, accepts invalid UTF-8 and truncated varints.)
 *
 * https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufReader {
  readonly canonical: boolean
  readonly #bytes: Uint8Array
  #position = 0
  #end: number
  #unknownFields = 0

  /** With `canonical`, varints longer than needed are refused. */
  constructor(bytes: Uint8Array, canonical: boolean) {
    this.#bytes = bytes
    this.#end = bytes.length
    this.canonical = canonical
  }

  /** Whether the message being read has come to its end. */
  get done(): boolean {
    return this.#position >= this.#end
  }

  fail(what: string): never {
    throw new ProtocolViolation('malformed', `${what} (before byte ${this.#position} of ${this.#bytes.length})`)
  }

  /** A varint of at most 64 bits as a safe integer. */
  varint(): number {
    let value = 0
    for (let i = 0; i < VARINT_MAX_BYTES; i++) {
      const byte = this.#position < this.#end ? this.#bytes[this.#position++] : undefined
      if (byte === undefined) {
        return this.fail('varint is cut off')
      }
      // Not `<<`, which is 32 bits wide; a rounded sum is above the safe range and so refused below.
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) {
        if (this.canonical && i > 0 && byte === 0) {
          this.fail('varint is longer than needed')
        }
        return value <= Number.MAX_SAFE_INTEGER ? value : this.fail('number is above 2^53 - 1')
      }
    }
    return this.fail('varint is longer than 10 bytes')
  }

  /** A field's tag: `field number << 3 | wire type`, read apart by the caller. */
  tag(): number {
    const tag = this.varint()
    return tag >= 8 && tag <= TAG_MAX ? tag : this.fail('tag has no valid field number')
  }

  /** 8 bytes, little-endian. */
  fixed64(): bigint {
    const start = this.#position
    this.#position += this.#available(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, 8).getBigUint64(0, true)
  }

  /** The bytes of a length-delimited value, copied so that they neither pin the frame nor change with it. */
  bytes(maxBytes: number): Uint8Array {
    const length = this.#length(maxBytes)
    const start = this.#position
    this.#position += length
    return new Uint8Array(this.#bytes.subarray(start, this.#position))
  }

  /** A length-delimited value as text; invalid UTF-8 is refused. */
  string(maxBytes: number): string {
    const length = this.#length(maxBytes)
    const start = this.#position
    this.#position += length
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#position))
    } catch {
      return this.fail('text is not UTF-8')
    }
  }

  /** Reads a nested message with `read`, which sees its end as the end. */
  nested<T>(read: (reader: ProtobufReader) => T): T {
    const outerEnd = this.#end
    const length = this.#length(outerEnd)
    this.#end = this.#position + length
    const value = read(this)
    this.#end = outerEnd
    return value
  }

  /** Steps over a field this version does not know. */
  skip(wireType: number): void {
    this.#unknownFields++
    if (this.#unknownFields > UNKNOWN_FIELDS_MAX) {
      this.fail(`more than ${UNKNOWN_FIELDS_MAX} unknown fields`)
    }
    const length = this.#unknownLength(wireType)
    this.#position += length
  }

  #unknownLength(wireType: number): number {
    switch (wireType) {
      case WIRE_TYPE_VARINT:
        return this.#skipVarint()
      case WIRE_TYPE_FIXED64:
        return this.#available(8)
      case WIRE_TYPE_BYTES:
        return this.#length(this.#end)
      case WIRE_TYPE_FIXED32:
        return this.#available(4)
      default:
        return this.fail(`wire type ${wireType}`)
    }
  }

  /** Steps over a varint of any 64-bit value (a negative int64 is above the safe range); gives 0. */
  #skipVarint(): number {
    for (let i = 0; i < VARINT_MAX_BYTES && this.#position < this.#end; i++) {
      const byte = this.#bytes[this.#position++]
      if (byte !== undefined && byte < 0x80) {
        return 0
      }
    }
    return this.fail('unknown varint is cut off or too long')
  }

  #length(maxBytes: number): number {
    const length = this.varint()
    return length <= maxBytes ? this.#available(length) : this.fail(`length ${length}, at most ${maxBytes} allowed`)
  }

  #available(length: number): number {
    return length <= this.#end - this.#position ? length : this.fail(`${length} bytes announced, fewer are there`)
  }
}
