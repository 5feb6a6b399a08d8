import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../../src/identity/account-key.ts'
import { type MailboxKey, mailboxKey } from '../../../../src/identity/mailbox-key.ts'
import { NodeKey } from '../../../../src/identity/node-key.ts'
import { issuePermit } from '../../../../src/identity/permit.ts'
import { MailboxClient } from '../../../../src/protocol/mailbox/client.ts'
import type { Credential } from '../../../../src/protocol/mailbox/letter-keeper.ts'
import { type Answer, decodeAnswer, encodeRequest, type Verb } from '../../../../src/protocol/mailbox/messages.ts'
import { MAILBOX_PROTOCOL } from '../../../../src/protocol/mailbox/protocol.ts'
import type { RecordKeeper } from '../../../../src/protocol/mailbox/record-keeper.ts'
import { MailboxServer } from '../../../../src/protocol/mailbox/server.ts'
import type { NetworkStream, PeerAddresses } from '../../../../src/system/network.ts'
import { FrameChannel } from '../../../../src/util/frame-channel.ts'
import { MemoryLetters } from '../../../support/memory-letters.ts'
import { type MemoryNetwork, MemoryWorld } from '../../../support/memory-network.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

export const never: AbortSignal = new AbortController().signal
const limits = { maxInboundStreamsPerPeer: 8, maxOutboundStreamsPerPeer: 8 }
const channelOptions = { maxFrameBytes: 200_000, maxQueuedBytes: 8_000_000 }
const random = new SeededRandom('letter world')

/** The mailbox of the account with this name on day 20,000. */
export function mailboxOf(name: string): MailboxKey {
  return mailboxKey(AccountKey.fromSeed(random.fork(name).bytes(32)), 20_000)
}

export function nodeKeyOf(name: string): NodeKey {
  return NodeKey.fromSeed(random.fork(`node ${name}`).bytes(32))
}

export function peerOf(name: string): PeerAddresses {
  return { peerId: nodeKeyOf(name).peerId, addresses: [`/memory/${name}`] }
}

export function permitFor(mailbox: MailboxKey, name = 'bob'): Credential {
  return { permit: issuePermit(mailbox, random.fork(`permit ${name}`)) }
}

export function letterOf(content: number | string, bytes = 2048): Uint8Array {
  return random.fork(`letter ${content}`).bytes(bytes)
}

/** Nobody keeps records here. */
export const noRecords: RecordKeeper = { put: async () => 'no-storage', get: async () => undefined }

export interface Custodian {
  readonly keeper: MemoryLetters
  readonly server: MailboxServer
  readonly network: MemoryNetwork
  readonly client: MailboxClient
}

/** A world of one custodian, `carol`, and others as they are made. */
export class LetterWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly network: MemoryWorld = new MemoryWorld(this.clock)
  readonly violations: string[] = []
  readonly refused: string[] = []
  readonly random: SeededRandom = new SeededRandom('challenges')

  onViolation(side: string): (peerId: string, reason: string) => void {
    return (_peerId, reason) => {
      this.violations.push(`${side}: ${reason}`)
    }
  }

  /** A custodian with a keeper in memory. */
  async custodian(name = 'carol', keeper: MemoryLetters = new MemoryLetters(this.clock)): Promise<Custodian> {
    const nodeKey = nodeKeyOf(name)
    const network = this.network.createNetwork(nodeKey.peerId)
    const server = new MailboxServer(
      { clock: this.clock, network, logger: new RecordingLogger(name) },
      {
        records: noRecords,
        letters: {
          keeper,
          sign: (bytes) => nodeKey.sign(bytes),
          random: this.random,
          onRefused: (_peerId, reason) => this.refused.push(reason),
        },
        onViolation: this.onViolation('server'),
      },
    )
    server.start()
    await network.start()
    const components = { clock: this.clock, network, logger: new RecordingLogger(name) }
    return { keeper, server, network, client: new MailboxClient(components, { onViolation: this.onViolation(name) }) }
  }

  async client(name = 'bob'): Promise<MailboxClient> {
    const network = this.network.createNetwork(nodeKeyOf(name).peerId)
    await network.start()
    const components = { clock: this.clock, network, logger: new RecordingLogger(name) }
    return new MailboxClient(components, { onViolation: this.onViolation('client') })
  }

  /** A custodian that answers as the test says: `answer` gets each request and a way to send. */
  async liar(handler: (frame: Uint8Array, send: (frame: Uint8Array) => void) => void, name = 'carol'): Promise<void> {
    const network = this.network.createNetwork(nodeKeyOf(name).peerId)
    const serve = (stream: NetworkStream) => {
      const channel = new FrameChannel(stream, channelOptions)
      return channel.run((frame) => handler(frame, (answer) => channel.send(answer)))
    }
    network.handle(MAILBOX_PROTOCOL, serve, limits)
    await network.start()
  }

  /** A peer that sends what the test says and keeps what comes. */
  async attacker(name = 'mallory'): Promise<Attacker> {
    const own = this.network.reach(nodeKeyOf('carol').peerId, nodeKeyOf(name).peerId)
    const network = own ?? this.network.createNetwork(nodeKeyOf(name).peerId)
    await network.start()
    const stream = await this.clock.run(network.dial(peerOf('carol'), MAILBOX_PROTOCOL, never))
    return new Attacker(new FrameChannel(stream, channelOptions))
  }
}

/** One stream of somebody who sends frames of his own. */
export class Attacker {
  readonly channel: FrameChannel
  readonly frames: Uint8Array[] = []
  end: 'open' | 'closed' | 'broken' = 'open'

  constructor(channel: FrameChannel) {
    this.channel = channel
    channel
      .run((frame) => {
        this.frames.push(frame)
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

  get answers(): Answer[] {
    return this.frames.map(decodeAnswer)
  }

  send(id: number, verb: Verb): void {
    this.channel.send(encodeRequest({ ...verb, id }))
  }
}
