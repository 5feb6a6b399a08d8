import { nearest } from './nearest.ts'
import type { Quantity } from './units.ts'

const NUMBER = '-?(?:0|[1-9][0-9]{0,11})(?:\\.[0-9]{1,9})?'
const NUMBER_AND_UNIT = new RegExp(`^(${NUMBER})(?: ?(\\D.*))?$`)

/** Decimals that are kept of a converted number; 79 % is 0.79, not 0.7900000000000001. */
const DIGITS = 12

/** A number with its unit in the unit of the program, or a sentence about what is wrong. */
export function parseQuantity(text: string, quantity: Quantity): number | { readonly wrong: string } {
  const [, number, unit] = NUMBER_AND_UNIT.exec(text) ?? []
  if (number === undefined) {
    return { wrong: `${quantity.example} is needed` }
  }
  const units = Object.keys(quantity.units)
  if (unit === undefined) {
    return { wrong: `a unit is missing: write ${quantity.example} (units: ${units.join(', ')})` }
  }
  const factor = Object.hasOwn(quantity.units, unit) ? quantity.units[unit] : undefined
  if (factor === undefined) {
    return { wrong: `unknown unit '${unit.slice(0, 20)}'${nearest(unit, units)}` }
  }
  return Number((Number(number) * factor).toPrecision(DIGITS))
}

/** The regular expression of what `parseQuantity` takes, for the JSON schema; negative ones are taken nowhere. */
export function quantityPattern(quantity: Quantity): string {
  const units = Object.keys(quantity.units).map((unit) => unit.replace('/', '\\/'))
  return `^${NUMBER.replace(/^-\?/, '')} ?(?:${units.join('|')})$`
}
