import type { BoundSession } from '../../src/gateway/client-session.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseElement } from '../../src/xml/parser.ts'
import { FakeClientPort } from './fake-client-port.ts'
import type { Person, Stage } from './people.ts'

/** A client of a person's gateway, without a stream in between. */
export class ClientOf {
  readonly port: FakeClientPort = new FakeClientPort()
  readonly bound: BoundSession
  readonly #stage: Stage

  constructor(stage: Stage, { gateway, account, resource }: { gateway: Gateway; account: string; resource: string }) {
    this.#stage = stage
    this.bound = gateway.host.bind({ account, resource, passwordName: 'test', port: this.port })
  }

  /** Writes a stanza, given as XML without `xmlns`, and lets time pass until it is handled. */
  async write(xml: string): Promise<void> {
    const stanza = parseElement(xml.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'"))
    await this.#stage.run(this.bound.receive(stanza))
  }

  /** Everything it was given so far. */
  get stanzas(): readonly Element[] {
    return this.port.stanzas
  }

  /** Texts of the messages it was given itself, copies not counted. */
  get heard(): string[] {
    return this.#bodies((message) => message)
  }

  /** Texts of the messages of which it was given a copy. */
  get copied(): string[] {
    return this.#bodies((message) =>
      message
        .elements(undefined, 'urn:xmpp:carbons:2')[0]
        ?.child('forwarded', 'urn:xmpp:forward:0')
        ?.child('message', 'jabber:client'),
    )
  }

  #bodies(of: (message: Element) => Element | undefined): string[] {
    return this.stanzas.flatMap((stanza) => {
      const body = stanza.name === 'message' ? of(stanza)?.child('body')?.text() : undefined
      return body === undefined ? [] : [body]
    })
  }
}

/** A gateway on a person's running node; to be stopped before the node. */
export function gatewayOf(person: Person): Gateway {
  const { clock, random, store, logger } = person.system
  const components = { clock, random, store, logger }
  const gateway = createGateway(components, { node: person.node, version: '0.0.0', websocketPath: '/xmpp-websocket' })
  gateway.start()
  return gateway
}
