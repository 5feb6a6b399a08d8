import type { Driver } from './chat-client.ts'
import { slixmpp } from './clients/slixmpp.ts'

/** All that are known, in the order of the matrix. */
const DRIVERS: readonly Driver[] = [slixmpp]

/** Those that were named, else all; undefined when a name is unknown, which it says. */
export function chooseDrivers(names: readonly string[]): readonly Driver[] | undefined {
  const unknown = names.filter((name) => !DRIVERS.some((driver) => driver.name === name))
  if (unknown.length > 0) {
    console.error(`no such client: ${unknown.join(' ')}; known are: ${DRIVERS.map(({ name }) => name).join(' ')}`)
    return undefined
  }
  return names.length === 0 ? DRIVERS : DRIVERS.filter(({ name }) => names.includes(name))
}
