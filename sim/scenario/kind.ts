import type { Place } from './place.ts'

/** A piece of JSON Schema, draft 2020-12. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** What may stand at a place of a scenario file: how it is read, and the same for editors. One definition gives both. */
export interface Kind<Value> {
  readonly schema: JsonSchema
  /** @throws ScenarioError */
  read(place: Place): Value
}

/** A key of a section. */
export interface Field<Value> {
  readonly kind: Kind<Value>
  readonly about: string
  /** What holds if the key is not there; without it the key is needed. */
  readonly absent: { readonly value: Value; readonly text: string | undefined } | undefined
}

/** A key that must be there. */
export function needed<Value>(kind: Kind<Value>, about: string): Field<Value> {
  return { kind, about, absent: undefined }
}

/** A key that may be missing: undefined then. */
export function optional<Value>(kind: Kind<Value>, about: string): Field<Value | undefined> {
  return { kind, about, absent: { value: undefined, text: undefined } }
}

/** A key that may be missing and then has the value that `text` says, as it would be written. */
export function preset<Value>(kind: Kind<Value>, value: Value, text: string, about: string): Field<Value> {
  return { kind, about, absent: { value, text } }
}
