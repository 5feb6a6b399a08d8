import { type Driver, unable } from '../chat-client.ts'
import { Program } from '../tools/program.ts'

const ONLY_SENDS = 'it only sends'

/** sendxmpp: one process a message, and nobody reads. */
export const sendxmpp: Driver = {
  name: 'sendxmpp',
  packages: ['sendxmpp'],
  heavy: false,
  bareOnly: true,
  onlySends: true,
  cannot: {
    roster: ONLY_SENDS,
    presence: ONLY_SENDS,
    copies: ONLY_SENDS,
    correction: ONLY_SENDS,
    offline: ONLY_SENDS,
    archive: ONLY_SENDS,
  },
  async open({ login, folder, hooks }) {
    const [user = '', domain = ''] = login.jid.split('@')
    const account = ['-u', user, '-p', login.password, '-j', `${login.host}:${login.port}`, '-o', domain, '-t', '-n']
    return {
      start: async () => {},
      stop: async () => {},
      async send(to, body) {
        const sender = new Program(hooks, 'sendxmpp', [...account, '--message-type', 'chat', to], {
          env: { HOME: folder },
        })
        sender.stdin.end(`${body}\n`)
        if ((await sender.ended) !== 0) {
          throw new Error(`sendxmpp could not send: ${sender.output}`)
        }
      },
      count: async () => 0,
      addContact: unable,
      approve: unable,
      seesOnline: unable,
      correct: unable,
      evidence: async () => {},
    }
  },
}
