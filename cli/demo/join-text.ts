import { extname } from 'node:path'
import type { Person } from './person.ts'

/** How to call the program from here: a checkout has TypeScript and its own Node, a package has a command. */
const COMMAND = extname(import.meta.filename) === '.ts' ? 'npm run -s kabber --' : 'kabber'

/** The commands to join the network of a demo that stays. */
export function joinText(alice: Person, bootstrap: string, folder: string): string {
  const you = `${folder}/you`
  return `
The network stays until Ctrl-C. Join it from a second terminal:

  export KABBER_HOME=${you}
  ${COMMAND} init --name You
  ${COMMAND} start --no-mdns --listen /ip4/127.0.0.1/tcp/0 --bootstrap ${bootstrap}

talk to Alice from a third:

  export KABBER_HOME=${you}
  ${COMMAND} contact add '${alice.uri}'
  ${COMMAND} chat Alice

and be Alice in a fourth:

  export KABBER_HOME=${alice.home}
  ${COMMAND} contact list
  ${COMMAND} contact accept ADDRESS
  ${COMMAND} chat ADDRESS
`
}
