import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import tls from 'node:tls'
import type { Driver } from '../chat-client.ts'

/** What is used of the package, which has no types. */
interface XmppElement {
  readonly attrs: Record<string, string>
  is(name: string, namespace?: string): boolean
  getChild(name: string, namespace?: string): XmppElement | undefined
  getChildText(name: string): string | null
  toString(): string
}
interface XmppClient {
  on(event: string, listener: (element: XmppElement) => void): void
  start(): Promise<unknown>
  stop(): Promise<unknown>
  send(element: XmppElement): Promise<void>
  readonly iqCaller: { request(element: XmppElement): Promise<XmppElement> }
}
interface XmppPackage {
  client(options: Record<string, unknown>): XmppClient
  xml(name: string, attributes?: Record<string, string | undefined>, ...children: (XmppElement | string)[]): XmppElement
}

/** @xmpp/client (xmpp.js) over TCP and STARTTLS. */
export const xmppJs: Driver = {
  name: '@xmpp/client',
  packages: [],
  heavy: false,
  cannot: {},
  async open({ login, peerJid, hooks }) {
    const { client, xml } = createRequire(import.meta.url)('@xmpp/client') as XmppPackage
    trust(readFileSync(login.certificateFile, 'utf8'))
    const lines: string[] = []
    const stanzas: XmppElement[] = []
    const archived: XmppElement[] = []
    const [username, domain] = login.jid.split('@')
    let xmpp: XmppClient | undefined
    let lastId = 0
    const online = (): XmppClient => {
      if (xmpp === undefined) {
        throw new Error('offline')
      }
      return xmpp
    }
    const ask = async (type: string, ...children: XmppElement[]): Promise<XmppElement> =>
      await online().iqCaller.request(xml('iq', { type }, ...children))
    const sendMessage = async (to: string, body: string, ...children: XmppElement[]): Promise<void> => {
      lastId += 1
      await online().send(xml('message', { to, type: 'chat', id: `m${lastId}` }, xml('body', {}, body), ...children))
    }
    const take = (stanza: XmppElement): void => {
      const result = stanza.getChild('result', 'urn:xmpp:mam:2')
      const copy = stanza.getChild('sent', 'urn:xmpp:carbons:2') ?? stanza.getChild('received', 'urn:xmpp:carbons:2')
      const inner = (result ?? copy)?.getChild('forwarded', 'urn:xmpp:forward:0')?.getChild('message')
      if (inner === undefined) {
        stanzas.push(stanza)
      } else {
        ;(result === undefined ? stanzas : archived).push(inner)
      }
    }
    hooks.after(async () => await xmpp?.stop())
    return {
      async start() {
        xmpp = client({ service: `xmpp://${login.host}:${login.port}`, domain, username, password: login.password })
        xmpp.on('element', (element) => lines.push(`IN  ${element}`))
        xmpp.on('send', (element) => lines.push(`OUT ${element}`))
        xmpp.on('error', (error) => lines.push(`ERR ${error}`))
        xmpp.on('stanza', take)
        await xmpp.start()
        await ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
        await ask('set', xml('enable', { xmlns: 'urn:xmpp:carbons:2' }))
        await xmpp.send(xml('presence'))
        const field = (name: string, value: string): XmppElement => xml('field', { var: name }, xml('value', {}, value))
        const form = xml(
          'x',
          { xmlns: 'jabber:x:data', type: 'submit' },
          field('FORM_TYPE', 'urn:xmpp:mam:2'),
          field('with', peerJid),
        )
        archived.length = 0
        await ask('set', xml('query', { xmlns: 'urn:xmpp:mam:2' }, form))
      },
      async stop() {
        await xmpp?.stop()
        xmpp = undefined
      },
      send: async (to, body) => await sendMessage(to, body),
      async count(body) {
        const live = stanzas.filter((stanza) => stanza.is('message') && stanza.getChildText('body') === body).length
        return live > 0 ? live : archived.filter((message) => message.getChildText('body') === body).length
      },
      async addContact(jid) {
        await ask('set', xml('query', { xmlns: 'jabber:iq:roster' }, xml('item', { jid })))
        await online().send(xml('presence', { to: jid, type: 'subscribe' }))
      },
      approve: async (jid) => await online().send(xml('presence', { to: jid, type: 'subscribed' })),
      seesOnline: async (jid) =>
        stanzas.some((stanza) => {
          const { type, from } = stanza.attrs
          return stanza.is('presence') && type === undefined && from?.startsWith(`${jid}/`) === true
        }),
      correct: async (to, body) =>
        await sendMessage(to, body, xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id: `m${lastId}` })),
      evidence: async (folder) => writeFileSync(join(folder, 'stanzas.txt'), lines.join('\n')),
    }
  },
}

/** Has this process trust a server's certificate, as the library leaves no other way. */
function trust(certificate: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate])
}
