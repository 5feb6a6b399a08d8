import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AfterHooks } from '../support/kabber-process.ts'
import type { Login } from './chat-client.ts'
import { startProsody } from './prosody-server.ts'
import { freshLoopbackHost, type World } from './world.ts'

/** One Prosody in the place of both nodes: what a driver cannot do here is the driver's fault, not a node's. */
export const prosodyWorld: World = {
  name: 'prosody',
  async pair(hooks: AfterHooks, _client: string, folder: string) {
    const host = freshLoopbackHost()
    const home = join(folder, 'prosody')
    mkdirSync(home)
    const accounts = { alice: 'pw-of-alice', bob: 'pw-of-bob' }
    const { certificateFile, log } = await startProsody(hooks, home, { host, accounts, comfort: true })
    const login = (name: 'alice' | 'bob'): Login => ({
      jid: `${name}@id.internal`,
      password: accounts[name],
      host,
      port: 5222,
      certificateFile,
      webSocketUrl: `ws://${host}:5280/xmpp-websocket`,
      webChatUrl: undefined,
    })
    const evidence = async (to: string): Promise<void> => writeFileSync(join(to, 'prosody.log'), log())
    return { own: login('alice'), second: login('alice'), peer: login('bob'), evidence }
  },
}
