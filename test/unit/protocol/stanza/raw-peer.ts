import type { AccountKey } from '../../../../src/identity/account-key.ts'
import { STANZA_PROTOCOL } from '../../../../src/protocol/stanza/protocol.ts'
import type { NetworkStream, PeerIdText } from '../../../../src/system/network.ts'
import { FrameChannel } from '../../../../src/util/frame-channel.ts'
import type { Element } from '../../../../src/xml/element.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import type { MemoryNetwork } from '../../../support/memory-network.ts'
import { type Actor, recordOf, type StanzaWorld } from './stanza-world.ts'

const encoder = new TextEncoder()

/** One stream to a node, on which anything can be said. */
export class RawStream {
  readonly stream: NetworkStream
  readonly #channel: FrameChannel
  /** What the node said. */
  readonly heard: Element[] = []
  /** How the stream ended, if it did. */
  end: 'open' | 'closed' | 'broken' = 'open'

  constructor(stream: NetworkStream, options: { reads?: boolean } = {}) {
    this.stream = stream
    this.#channel = new FrameChannel(stream, { maxFrameBytes: 4_000_000, maxQueuedBytes: 64_000_000 })
    if (options.reads !== false) {
      this.#channel
        .run((frame) => {
          this.heard.push(parseElement(frame))
        })
        .then(
          () => {
            this.end = 'closed'
          },
          () => {
            this.end = 'broken'
          },
        )
    }
  }

  /** Sends a frame as text or bytes. */
  say(frame: string | Uint8Array): boolean {
    return this.#channel.send(typeof frame === 'string' ? encoder.encode(frame) : frame)
  }

  close(): Promise<void> {
    return this.#channel.close()
  }

  /** The condition of the stream error that was heard last. */
  get condition(): string | undefined {
    const last = this.heard.at(-1)
    return last?.name === 'error' ? last.elements()[0]?.name : undefined
  }

  get text(): string | undefined {
    return this.heard.at(-1)?.elements('text')[0]?.text()
  }
}

/** A peer without a node: a PeerId, an account, and no manners. */
export class RawPeer {
  readonly world: StanzaWorld
  readonly peerId: PeerIdText
  readonly key: AccountKey
  readonly network: MemoryNetwork

  constructor(world: StanzaWorld) {
    this.world = world
    this.peerId = world.newPeerId()
    this.key = world.newKey()
    this.network = world.memory.createNetwork(this.peerId)
  }

  get record(): Uint8Array {
    return recordOf(this.key, [this.peerId], this.world.clock.wallMs())
  }

  async dial(node: Actor, options: { reads?: boolean } = {}): Promise<RawStream> {
    await this.network.start()
    const peer = { peerId: node.peerId, addresses: [] }
    const dialled = this.network.dial(peer, STANZA_PROTOCOL, new AbortController().signal)
    return new RawStream(await this.world.clock.run(dialled), options)
  }

  /** An open with this peer's own account. */
  open(options: { id?: string; attempt?: number; attributes?: string; accounts?: string } = {}): string {
    const { id = 'raw', attempt = 1, attributes = '', accounts = account(this.key.address, this.record) } = options
    return `<open xmlns='urn:kabber:stream:0' version='1' id='${id}' attempt='${attempt}' ${attributes}>${accounts}</open>`
  }

  /** A stream on which both opens were accepted. */
  async opened(node: Actor, options: { reads?: boolean } = {}): Promise<RawStream> {
    const stream = await this.dial(node, options)
    stream.say(this.open())
    await this.world.clock.advance(100)
    return stream
  }

  message(to: string, id: string, from: string = this.key.address): string {
    return `<message xmlns='jabber:client' from='${from}' to='${to}' id='${id}'/>`
  }
}

/** An `<account/>` as text. */
export function account(jid: string, record: Uint8Array): string {
  return `<account jid='${jid}'>${Buffer.from(record).toString('base64')}</account>`
}
