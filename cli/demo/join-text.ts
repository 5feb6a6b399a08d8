import { extname } from 'node:path'
import type { Person } from './person.ts'

/** How to call the program from here: a checkout has TypeScript and its own Node, a package has a command. */
const COMMAND = extname(import.meta.filename) === '.ts' ? 'npm run -s kabber --' : 'kabber'

/** What the text is made of. */
export interface JoinTextInit {
  readonly alice: Person
  readonly bob: Person
  readonly bootstrap: string
  readonly folder: string
  /** Links to the web chats of Alice and Bob. */
  readonly webChats: readonly [alice: string, bob: string]
}

/** The commands to join the network of a demo that stays. */
export function joinText({ alice, bob, bootstrap, folder, webChats }: JoinTextInit): string {
  const you = `${folder}/you`
  return `
The network stays until Ctrl-C. Be Alice and Bob in two browser windows (each link opens once, within 5 minutes;
another: ${COMMAND} --home ${alice.home} web):

  Alice  ${webChats[0]}
  Bob    ${webChats[1]}

or in any XMPP client: these print a password and where to connect.

  ${COMMAND} --home ${alice.home} client add laptop
  ${COMMAND} --home ${bob.home} client add laptop

Join the network from a second terminal:

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
