import type { Field, JsonSchema, Kind } from './kind.ts'
import { nearest } from './nearest.ts'
import type { Place } from './place.ts'

/** The fields of a section by key. */
export type FieldsOf<Value> = { readonly [Key in keyof Value]-?: Field<Value[Key]> }

/** A section with exactly these keys. */
export function section<Value extends object>(fields: FieldsOf<Value>): Kind<Value> {
  const known = Object.entries<Field<unknown>>(fields as Record<string, Field<unknown>>)
  return {
    schema: sectionSchema(known),
    read: (place) => {
      const values = new Map<string, unknown>()
      for (const { key, place: inside } of place.entries()) {
        const field = known.find(([name]) => name === key)?.[1]
        values.set(key, field === undefined ? unknownKey(inside, key, known) : field.kind.read(inside))
      }
      for (const [key, field] of known) {
        if (!values.has(key)) {
          values.set(
            key,
            field.absent === undefined ? place.fail(`the key '${key}' is missing: ${field.about}`) : field.absent.value,
          )
        }
      }
      return Object.fromEntries(values) as Value
    },
  }
}

/** A section whose keys the author chooses. */
export function dictionary<Value>(
  keys: { readonly pattern: RegExp; readonly called: string; readonly max: number },
  of: Kind<Value>,
): Kind<ReadonlyMap<string, Value>> {
  return {
    schema: {
      type: 'object',
      minProperties: 1,
      maxProperties: keys.max,
      propertyNames: { pattern: keys.pattern.source },
      additionalProperties: of.schema,
    },
    read: (place) => {
      const entries = place.entries()
      if (entries.length === 0 || entries.length > keys.max) {
        return place.fail(`1 to ${keys.max} entries are needed, not ${entries.length}`)
      }
      const wrong = entries.find(({ key }) => !keys.pattern.test(key))
      return wrong === undefined
        ? new Map(entries.map(({ key, place: inside }) => [key, of.read(inside)]))
        : wrong.place.fail(`this is not ${keys.called}`)
    },
  }
}

/** A list of so many items. */
export function list<Value>(of: Kind<Value>, least: number, most: number): Kind<readonly Value[]> {
  return {
    schema: { type: 'array', minItems: least, maxItems: most, items: of.schema },
    read: (place) => {
      const items = place.items()
      return items.length < least || items.length > most
        ? place.fail(`${least} to ${most} items are needed, not ${items.length}`)
        : items.map((item) => of.read(item))
    },
  }
}

/** A section whose key `tag` says which other keys it has. */
export function tagged<Value>(tag: string, called: string, kinds: Readonly<Record<string, Kind<Value>>>): Kind<Value> {
  const names = Object.keys(kinds)
  return {
    schema: { type: 'object', required: [tag], oneOf: Object.values(kinds).map(({ schema }) => schema) },
    read: (place) => {
      const named = place.entries().find(({ key }) => key === tag)?.place
      const name = named?.scalar
      if (named === undefined) {
        return place.fail(`the key '${tag}' is missing; it says which ${called}: ${names.join(', ')}`)
      }
      const kind = typeof name === 'string' && Object.hasOwn(kinds, name) ? kinds[name] : undefined
      return (
        kind?.read(place) ?? named.fail(`${named.written} is no known ${called}${nearest(String(name ?? ''), names)}`)
      )
    },
  }
}

/** One of several shapes, told apart by what stands there. */
export function either<Value>(
  shapes: readonly { readonly when: (place: Place) => boolean; readonly kind: Kind<Value> }[],
  otherwise: Kind<Value>,
): Kind<Value> {
  return {
    schema: { anyOf: [...shapes.map(({ kind }) => kind.schema), otherwise.schema] },
    read: (place) => (shapes.find(({ when }) => when(place))?.kind ?? otherwise).read(place),
  }
}

/** What was read, made into something else. */
export function mapped<From, To>(kind: Kind<From>, convert: (value: From, place: Place) => To): Kind<To> {
  return { schema: kind.schema, read: (place) => convert(kind.read(place), place) }
}

function sectionSchema(known: readonly (readonly [string, Field<unknown>])[]): JsonSchema {
  const properties = known.map(([key, { kind, about, absent }]): [string, JsonSchema] => {
    const shape = typeof kind.schema.description === 'string' ? ` (${kind.schema.description})` : ''
    const otherwise = absent?.text === undefined ? '' : ` Default: ${absent.text}`
    return [key, { ...kind.schema, description: `${about}${shape}${otherwise}` }]
  })
  return {
    type: 'object',
    required: known.filter(([, { absent }]) => absent === undefined).map(([key]) => key),
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  }
}

function unknownKey(place: Place, key: string, known: readonly (readonly [string, unknown])[]): never {
  return place.fail(
    `unknown key${nearest(
      key,
      known.map(([name]) => name),
    )}`,
  )
}
