import type { ClientSession } from '../../src/gateway/client-session.ts'
import { PersonalFeature } from '../../src/gateway/features/personal/personal.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { parseElement } from '../../src/xml/parser.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { capsVersion, NS_CAPS } from '../../src/xmpp/caps.ts'
import { NS_DISCO_INFO } from '../../src/xmpp/namespaces.ts'
import { replyTo } from '../../src/xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../src/xmpp/stanza-error.ts'
import { type FakeSession, FeatureWorld } from './feature-world.ts'

export const ROMEO: string = `00${'cd'.repeat(32)}@id.internal`

const NODE = 'urn:test:client'

/** An account with its personal eventing, clients that answer for their capabilities, and contacts who come and go. */
export class PersonalWorld extends FeatureWorld {
  readonly personal: PersonalFeature
  /** disco#info by verification string. */
  readonly #infos = new Map<string, Element>()

  constructor() {
    super()
    this.account.answer = async (iq) => this.#disco(iq)
    const [personal] = this.make([(context) => new PersonalFeature(context)])
    this.personal = personal as PersonalFeature
  }

  /** Presence that announces these features, by the full JID of a contact or without. */
  presence(features: readonly string[], from?: string): Element {
    const children = features.map((name) => element('feature', NS_DISCO_INFO, { var: name }))
    const info = element('query', NS_DISCO_INFO, undefined, children)
    const ver = capsVersion(info) ?? ''
    this.#infos.set(ver, info)
    const caps = element('c', NS_CAPS, { hash: 'sha-1', node: NODE, ver })
    return element('presence', 'jabber:client', { from }, [caps])
  }

  /** A client of the account becomes available, interested in notifications of these nodes. */
  async client(resource: string, nodes: readonly string[] = []): Promise<FakeSession> {
    const session = this.bind(resource)
    session.presence = this.presence(nodes.map((node) => `${node}+notify`))
    this.personal.available(session)
    await this.settle()
    return session
  }

  /** A contact's client becomes available. */
  async contact(jid: string, nodes: readonly string[]): Promise<void> {
    this.personal.contactPresence(
      this.presence(
        nodes.map((node) => `${node}+notify`),
        jid,
      ),
    )
    await this.settle()
  }

  /** What contacts were sent, as XML, taken away. */
  takeSent(): string[] {
    return this.account.sent.splice(0).map(withoutId)
  }

  take(session: FakeSession): string[] {
    return session.port.takeStanzas().map(withoutId)
  }

  /** Lets promises and commits run. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  override async query(session: ClientSession, iq: Element): Promise<Element> {
    this.pushes.push(iq)
    return this.#disco(iq.withAttributes({ to: session.jid.toString() }))
  }

  #disco(iq: Element): Element {
    const node = iq.child('query', NS_DISCO_INFO)?.attribute('node') ?? ''
    const info = this.#infos.get(node.slice(NODE.length + 1))
    return info === undefined
      ? (errorReply(iq, new StanzaError('item-not-found')) as Element)
      : replyTo(iq, info.withAttributes({ node }))
  }
}

/** A publication as XML; the payload has no prefix. */
export function publish(node: string, item: string, options: Readonly<Record<string, string>> = {}): string {
  return `<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'>${item}</publish>${optionsXml(options)}</pubsub></iq>`
}

/** An items request as XML. */
export function items(node: string, more: string = ''): string {
  return `<iq type='get'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${node}'${more}/></pubsub></iq>`
}

/** A filled-in form as XML. */
export function form(formType: string, fields: Readonly<Record<string, string>>): string {
  const all = Object.entries(fields).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
  return `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${formType}</value></field>${all.join('')}</x>`
}

function optionsXml(options: Readonly<Record<string, string>>): string {
  return Object.keys(options).length === 0
    ? ''
    : `<publish-options>${form('http://jabber.org/protocol/pubsub#publish-options', options)}</publish-options>`
}

function withoutId(stanza: Element): string {
  return serialize(stanza.withAttributes({ id: undefined }), 'jabber:client')
}

/** XML as the serializer writes it, so that texts can be compared. */
export function normal(xml: string): string {
  return serialize(parseElement(xml.replace(/^<(iq|message|presence)/, "<$1 xmlns='jabber:client'")), 'jabber:client')
}
