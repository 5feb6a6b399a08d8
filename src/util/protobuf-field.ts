import type { Writer } from 'protons-runtime'
import { assert } from './assert.ts'
import { toUtf8 } from './bytes.ts'
import { type ProtobufReader, WIRE_TYPE_BYTES, WIRE_TYPE_FIXED64, WIRE_TYPE_VARINT } from './protobuf-reader.ts'

const UINT32_MAX = 0xffff_ffff
/** Field numbers of protobuf have 29 bits. */
const FIELD_NUMBER_MAX = 0x1fff_ffff

/** How one value of a field is read, written and bounded. */
export interface ProtobufKind<T> {
  readonly wireType: number
  /** Levels of messages in it: 0 for scalars. */
  readonly depth: number
  /** The value of an absent field, `undefined` when the field must not be absent. */
  absent(): T | undefined
  isDefault(value: T): boolean
  read(reader: ProtobufReader): T
  write(writer: Writer, value: T): void
}

/** A field that always has a value; the default of its type is not sent (proto3's implicit presence). */
export interface ImplicitField<T> {
  readonly presence: 'implicit'
  readonly number: number
  readonly kind: ProtobufKind<T>
}

/** A field that may be missing (nested messages and proto3's `optional`). */
export interface ExplicitField<T> {
  readonly presence: 'explicit'
  readonly number: number
  readonly kind: ProtobufKind<T>
}

/** A list of length-delimited values. */
export interface RepeatedField<T> {
  readonly presence: 'repeated'
  readonly number: number
  readonly kind: ProtobufKind<T>
  readonly maxItems: number
}

/** Bounds on text or bytes; with `minBytes` above 0 the field must be there. @default minBytes 0 */
export interface ByteLimits {
  readonly minBytes?: number
  readonly maxBytes: number
}

/** What a nested field needs of a message definition. */
export interface NestableMessage<T> {
  readonly depth: number
  readFields(reader: ProtobufReader): T
  writeFields(writer: Writer, value: T): void
}

/** Text of `minBytes` to `maxBytes` of UTF-8. */
export function stringField(number: number, limits: ByteLimits): ImplicitField<string> {
  const { minBytes = 0, maxBytes } = limits
  return implicit<string>(number, {
    wireType: WIRE_TYPE_BYTES,
    depth: 0,
    absent: () => (minBytes === 0 ? '' : undefined),
    isDefault: (value) => value === '',
    read: (reader) => {
      const value = reader.string(maxBytes)
      // The length in UTF-16 units never exceeds that in bytes, so most texts need no second look.
      return value.length >= minBytes || toUtf8(value).length >= minBytes ? value : reader.fail('text is too short')
    },
    write: (writer, value) => {
      assert(value.isWellFormed(), `field ${number}: text has a lone surrogate`)
      const bytes = toUtf8(value)
      assert(bytes.length >= minBytes && bytes.length <= maxBytes, `field ${number}: ${bytes.length} bytes of text`)
      writer.bytes(bytes)
    },
  })
}

/** `minBytes` to `maxBytes` bytes. */
export function bytesField(number: number, limits: ByteLimits): ImplicitField<Uint8Array> {
  const { minBytes = 0, maxBytes } = limits
  return implicit<Uint8Array>(number, {
    wireType: WIRE_TYPE_BYTES,
    depth: 0,
    absent: () => (minBytes === 0 ? new Uint8Array(0) : undefined),
    isDefault: (value) => value.length === 0,
    read: (reader) => {
      const value = reader.bytes(maxBytes)
      return value.length >= minBytes ? value : reader.fail('bytes are too short')
    },
    write: (writer, value) => {
      assert(value.length >= minBytes && value.length <= maxBytes, `field ${number}: ${value.length} bytes`)
      writer.bytes(value)
    },
  })
}

/** proto3 `uint64`, limited to safe integers. */
export function uint64Field(number: number): ImplicitField<number> {
  return implicit(number, unsigned(number, Number.MAX_SAFE_INTEGER))
}

/** proto3 `uint32`. */
export function uint32Field(number: number): ImplicitField<number> {
  return implicit(number, unsigned(number, UINT32_MAX))
}

/** proto3 `fixed64`. */
export function fixed64Field(number: number): ImplicitField<bigint> {
  return implicit(number, {
    wireType: WIRE_TYPE_FIXED64,
    depth: 0,
    absent: () => 0n,
    isDefault: (value) => value === 0n,
    read: (reader) => reader.fixed64(),
    write: (writer, value) => writer.fixed64(value),
  })
}

/** proto3 `bool`; sent as 0 or 1 and nothing else. */
export function boolField(number: number): ImplicitField<boolean> {
  return implicit(number, oneOf(number, [false, true]))
}

/** proto3 `enum` as a union of words: the place of a word in `words` is its number, the first word is the default. */
export function enumField<const Word extends string>(number: number, words: readonly Word[]): ImplicitField<Word> {
  return implicit(number, oneOf(number, words))
}

/** A nested message, which may be missing. */
export function messageField<T>(number: number, message: NestableMessage<T>): ExplicitField<T> {
  const kind: ProtobufKind<T> = {
    wireType: WIRE_TYPE_BYTES,
    depth: message.depth,
    absent: () => undefined,
    isDefault: () => false,
    read: (reader) => reader.nested((nested) => message.readFields(nested)),
    write: (writer, value) => {
      writer.fork()
      message.writeFields(writer, value)
      writer.ldelim()
    },
  }
  return { ...implicit(number, kind), presence: 'explicit' }
}

/** Makes a scalar field one that may be missing, its default value then being sent. */
export function optionalField<T>(field: ImplicitField<T>): ExplicitField<T> {
  return { ...field, presence: 'explicit' }
}

/** A list of at most `maxItems` texts, byte strings or messages. */
export function repeatedField<T>(
  field: ImplicitField<T> | ExplicitField<T>,
  limits: { readonly maxItems: number },
): RepeatedField<T> {
  assert(field.kind.wireType === WIRE_TYPE_BYTES, `field ${field.number}: lists of numbers (packed) are not supported`)
  return { number: field.number, kind: field.kind, presence: 'repeated', maxItems: limits.maxItems }
}

function implicit<T>(number: number, kind: ProtobufKind<T>): ImplicitField<T> {
  assert(Number.isInteger(number) && number >= 1 && number <= FIELD_NUMBER_MAX, `field number ${number}`)
  return { presence: 'implicit', number, kind }
}

function unsigned(number: number, max: number): ProtobufKind<number> {
  return {
    wireType: WIRE_TYPE_VARINT,
    depth: 0,
    absent: () => 0,
    isDefault: (value) => value === 0,
    read: (reader) => {
      const value = reader.varint()
      return value <= max ? value : reader.fail(`number is above ${max}`)
    },
    write: (writer, value) => {
      assert(Number.isSafeInteger(value) && value >= 0 && value <= max, `field ${number}: number ${value}`)
      writer.uint64Number(value)
    },
  }
}

function oneOf<T>(number: number, values: readonly T[]): ProtobufKind<T> {
  const read = (reader: ProtobufReader): T => values[reader.varint()] ?? reader.fail('number stands for nothing known')
  return {
    wireType: WIRE_TYPE_VARINT,
    depth: 0,
    absent: () => values[0],
    isDefault: (value) => value === values[0],
    read,
    write: (writer, value) => {
      const index = values.indexOf(value)
      assert(index >= 0, `field ${number}: ${String(value)} is not one of its values`)
      writer.uint64Number(index)
    },
  }
}
