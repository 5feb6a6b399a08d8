import type { Driver } from './chat-client.ts'
import { converse } from './clients/converse.ts'
import { dino } from './clients/dino.ts'
import { gajim } from './clients/gajim.ts'
import { goSendxmpp } from './clients/go-sendxmpp.ts'
import { kaidan } from './clients/kaidan.ts'
import { mcabber } from './clients/mcabber.ts'
import { pidgin } from './clients/pidgin.ts'
import { poezio } from './clients/poezio.ts'
import { profanity } from './clients/profanity.ts'
import { sendxmpp } from './clients/sendxmpp.ts'
import { slixmpp } from './clients/slixmpp.ts'
import { stanza } from './clients/stanza.ts'
import { strophe } from './clients/strophe.ts'
import { xmppJs } from './clients/xmpp-js.ts'

/** All that are known, in the order of the matrix. */
const DRIVERS: readonly Driver[] = [
  profanity,
  slixmpp,
  mcabber,
  goSendxmpp,
  gajim,
  dino,
  xmppJs,
  stanza,
  strophe,
  converse,
  poezio,
  pidgin,
  sendxmpp,
  kaidan,
]

/** Those that were named, else all; undefined when a name is unknown, which it says. */
export function chooseDrivers(names: readonly string[]): readonly Driver[] | undefined {
  const unknown = names.filter((name) => !DRIVERS.some((driver) => driver.name === name))
  if (unknown.length > 0) {
    console.error(`no such client: ${unknown.join(' ')}; known are: ${DRIVERS.map(({ name }) => name).join(' ')}`)
    return undefined
  }
  return names.length === 0 ? DRIVERS : DRIVERS.filter(({ name }) => names.includes(name))
}
