import type { JsonSchema, Kind } from './kind.ts'
import { nearest } from './nearest.ts'
import { parseQuantity, quantityPattern } from './parse-quantity.ts'
import type { Place } from './place.ts'
import type { Quantity } from './units.ts'

/** The smallest and largest value that is taken, and how they are written. */
export interface Bounds {
  readonly from: string
  readonly to: string
}

/** A number with its unit. */
export function quantity(of: Quantity, bounds: Bounds): Kind<number> {
  const [least, most] = [boundary(bounds.from, of), boundary(bounds.to, of)]
  return {
    schema: {
      type: 'string',
      pattern: quantityPattern(of),
      description: `${of.example}; ${bounds.from} to ${bounds.to}`,
    },
    read: (place) => {
      const { scalar } = place
      if (typeof scalar !== 'string' && typeof scalar !== 'number') {
        return place.fail(`${of.example} is needed, not ${place.written}`)
      }
      const value = parseQuantity(String(scalar), of)
      if (typeof value !== 'number') {
        return place.fail(`${place.written}: ${value.wrong}`)
      }
      return value < least || value > most
        ? place.fail(`${place.written} is out of range: ${bounds.from} to ${bounds.to}`)
        : value
    },
  }
}

/** A number without a unit: whole if `isWhole`. */
export function number(least: number, most: number, isWhole: boolean): Kind<number> {
  const called = isWhole ? 'a whole number' : 'a number'
  return {
    schema: { type: isWhole ? 'integer' : 'number', minimum: least, maximum: most },
    read: (place) => {
      const { scalar } = place
      if (typeof scalar !== 'number' || !Number.isFinite(scalar) || (isWhole && !Number.isInteger(scalar))) {
        return place.fail(`${called} from ${least} to ${most} is needed, not ${place.written}`)
      }
      return scalar < least || scalar > most
        ? place.fail(`${place.written} is out of range: ${called} from ${least} to ${most} is needed`)
        : scalar
    },
  }
}

/** A sentence or a name, not empty. */
export function text(charactersMax: number, pattern?: RegExp, called = 'text'): Kind<string> {
  const schema: JsonSchema = { type: 'string', minLength: 1, maxLength: charactersMax }
  return {
    schema: pattern === undefined ? schema : { ...schema, pattern: pattern.source },
    read: (place) => {
      const { scalar } = place
      if (typeof scalar !== 'string' || scalar === '' || (pattern !== undefined && !pattern.test(scalar))) {
        return place.fail(`${called} is needed, not ${place.written}`)
      }
      // As JSON Schema counts: characters, not UTF-16 units.
      return [...scalar].length > charactersMax
        ? place.fail(`too long: ${scalar.length} characters, at most ${charactersMax}`)
        : scalar
    },
  }
}

/** One of some words. */
export function word<const Word extends string>(words: readonly Word[], called: string): Kind<Word> {
  return {
    schema: { enum: words },
    read: (place) => readWord(place, words, called),
  }
}

/** `true` or `false`. */
export const FLAG: Kind<boolean> = {
  schema: { type: 'boolean' },
  read: (place) =>
    typeof place.scalar === 'boolean' ? place.scalar : place.fail(`true or false is needed, not ${place.written}`),
}

function readWord<Word extends string>(place: Place, words: readonly Word[], called: string): Word {
  const found = words.find((candidate) => candidate === place.scalar)
  return found ?? place.fail(`${place.written} is no known ${called}${nearest(String(place.scalar ?? ''), words)}`)
}

function boundary(written: string, of: Quantity): number {
  const value = parseQuantity(written, of)
  if (typeof value !== 'number') {
    throw new TypeError(`'${written}': ${value.wrong}`)
  }
  return value
}
