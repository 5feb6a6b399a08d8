import { writer as createWriter, type Writer } from 'protons-runtime'
import { assert } from './assert.ts'
import {
  boolField,
  bytesField,
  type ExplicitField,
  enumField,
  fixed64Field,
  type ImplicitField,
  messageField,
  optionalField,
  type RepeatedField,
  repeatedField,
  stringField,
  uint32Field,
  uint64Field,
} from './protobuf-field.ts'
import { ProtobufReader } from './protobuf-reader.ts'

/** Levels of messages in a message; our deepest has 3. Checked when a message is defined, so no frame can exceed it. */
export const NESTING_DEPTH_MAX = 8

/** The kinds of field a message may have, each with its number and its bounds. */
export const field: {
  readonly string: typeof stringField
  readonly bytes: typeof bytesField
  readonly uint64: typeof uint64Field
  readonly uint32: typeof uint32Field
  readonly fixed64: typeof fixed64Field
  readonly bool: typeof boolField
  readonly enumeration: typeof enumField
  readonly message: typeof messageField
  readonly optional: typeof optionalField
  readonly repeated: typeof repeatedField
} = {
  string: stringField,
  bytes: bytesField,
  uint64: uint64Field,
  uint32: uint32Field,
  fixed64: fixed64Field,
  bool: boolField,
  enumeration: enumField,
  message: messageField,
  optional: optionalField,
  repeated: repeatedField,
}

type AnyField = ImplicitField<unknown> | ExplicitField<unknown> | RepeatedField<unknown>
type Fields = Readonly<Record<string, AnyField>>
type ValueOf<F> =
  F extends RepeatedField<infer T> ? T[] : F extends ImplicitField<infer T> | ExplicitField<infer T> ? T : never
type Missable<F> = { [K in keyof F]: F[K] extends ExplicitField<unknown> ? K : never }[keyof F]
type Simplify<T> = { [K in keyof T]: T[K] }

/** The value a message with these fields carries. */
export type FieldValues<F extends Fields> = Simplify<
  { [K in Exclude<keyof F, Missable<F>>]: ValueOf<F[K]> } & { [K in Missable<F>]?: ValueOf<F[K]> }
>

/** The value a message definition carries. */
export type MessageOf<M> = M extends ProtobufMessage<infer T> ? T : never

/** A message of protobuf (proto3): its canonical encoding and a strict, bounded decoding. */
export interface ProtobufMessage<T> {
  /** Levels of messages: 1 without nested messages. */
  readonly depth: number
  /** Fields in the order of their numbers, defaults omitted. A value outside its bounds is a programmer's error. */
  encode(value: T): Uint8Array
  /**
   * Unknown fields are skipped. With `canonical`, bytes that `encode` would not have written (order, defaults, long
   * varints; the inside of unknown fields cannot be judged) are refused too. @default canonical false
   *
   * @throws ProtocolViolation with reason `malformed`, and nothing else
   */
  decode(bytes: Uint8Array, options?: { readonly canonical?: boolean }): T
  /** For nesting. */
  readFields(reader: ProtobufReader): T
  /** For nesting. */
  writeFields(writer: Writer, value: T): void
}

/**
 * Defines a message. Of the fields named in `exactlyOne` (all of a kind that may be missing; a `oneof` that must be set)
 * one and only one is there. The .proto language and its generator are not used because the generated code is
 * TypeScript that needs a transform.
 */
export function protobufMessage<const F extends Fields>(
  fields: F,
  options?: { readonly exactlyOne?: readonly Missable<F>[] },
): ProtobufMessage<FieldValues<F>> {
  const layout = new MessageLayout(fields, (options?.exactlyOne ?? []) as readonly string[])
  return {
    depth: layout.depth,
    encode: (value) => {
      const writer = createWriter()
      layout.write(writer, value)
      return writer.finish()
    },
    decode: (bytes, decodeOptions) =>
      layout.read(new ProtobufReader(bytes, decodeOptions?.canonical ?? false)) as FieldValues<F>,
    readFields: (reader) => layout.read(reader) as FieldValues<F>,
    writeFields: (writer, value) => layout.write(writer, value),
  }
}

type Values = Record<string, unknown>

/** The fields of one message, by number. */
class MessageLayout {
  readonly depth: number
  readonly #inOrder: readonly (readonly [name: string, field: AnyField])[]
  readonly #byNumber: ReadonlyMap<number, readonly [name: string, field: AnyField]>
  readonly #exactlyOne: readonly string[]

  constructor(fields: Fields, exactlyOne: readonly string[]) {
    this.#inOrder = Object.entries(fields).sort(([, a], [, b]) => a.number - b.number)
    this.#byNumber = new Map(this.#inOrder.map((entry) => [entry[1].number, entry]))
    this.#exactlyOne = exactlyOne
    this.depth = 1 + Math.max(0, ...this.#inOrder.map(([, { kind }]) => kind.depth))
    assert(this.#byNumber.size === this.#inOrder.length, 'two fields have the same number')
    assert(this.depth <= NESTING_DEPTH_MAX, `messages are nested more than ${NESTING_DEPTH_MAX} deep`)
  }

  write(writer: Writer, message: Values): void {
    assert(this.#isOneSet(message), `exactly one of ${this.#exactlyOne.join(', ')} must be set`)
    for (const [name, field] of this.#inOrder) {
      const value = message[name]
      if (field.presence === 'repeated') {
        assert(Array.isArray(value) && value.length <= field.maxItems, `${name}: a list of at most ${field.maxItems}`)
        for (const item of value) {
          writeOne(writer, field, item)
        }
      } else if (value === undefined) {
        assert(field.presence === 'explicit', `${name} is missing`)
      } else if (field.presence === 'explicit' || !this.#isOmitted(field, value)) {
        writeOne(writer, field, value)
      }
    }
  }

  read(reader: ProtobufReader): Values {
    const message: Values = {}
    let lastNumber = 0
    while (!reader.done) {
      const tag = reader.tag()
      const number = tag >>> 3
      if (reader.canonical && number < lastNumber) {
        reader.fail(`field ${number} comes after field ${lastNumber}`)
      }
      lastNumber = number
      this.#readField(reader, number, tag & 7, message)
    }
    for (const [name, field] of this.#inOrder) {
      if (message[name] === undefined && field.presence !== 'explicit') {
        message[name] = field.presence === 'repeated' ? [] : (field.kind.absent() ?? reader.fail(`${name} is missing`))
      }
    }
    return this.#isOneSet(message) ? message : reader.fail(`not exactly one of ${this.#exactlyOne.join(', ')}`)
  }

  #readField(reader: ProtobufReader, number: number, wireType: number, message: Values): void {
    const entry = this.#byNumber.get(number)
    if (entry === undefined) {
      reader.skip(wireType)
      return
    }
    const [name, field] = entry
    if (wireType !== field.kind.wireType) {
      reader.fail(`${name} has wire type ${wireType}`)
    }
    const earlier = message[name]
    if (field.presence === 'repeated') {
      const list = (earlier ?? []) as unknown[]
      message[name] = list
      if (list.length >= field.maxItems) {
        reader.fail(`${name}: more than ${field.maxItems}`)
      }
      list.push(field.kind.read(reader))
      return
    }
    if (earlier !== undefined) {
      // Standard decoders let the last one win: two readers of the same bytes could then disagree.
      reader.fail(`${name} occurs twice`)
    }
    const value = field.kind.read(reader)
    if (reader.canonical && field.presence === 'implicit' && field.kind.isDefault(value)) {
      reader.fail(`${name} is sent although it has its default value`)
    }
    message[name] = value
  }

  /** A default is left out, save where the field must be there (which `write` of the kind then refuses). */
  #isOmitted(field: AnyField, value: unknown): boolean {
    return field.kind.isDefault(value) && field.kind.absent() !== undefined
  }

  #isOneSet(message: Values): boolean {
    return this.#exactlyOne.length === 0 || this.#exactlyOne.filter((name) => message[name] !== undefined).length === 1
  }
}

function writeOne(writer: Writer, field: AnyField, value: unknown): void {
  // `>>> 0`: the largest field numbers reach bit 31.
  writer.uint32(((field.number << 3) | field.kind.wireType) >>> 0)
  field.kind.write(writer, value)
}
