import { MemoryDatastore } from 'datastore-core'
import { DialError, type ReachReport } from '../system/network.ts'
import { parseAddress, peerIdOf, withoutPeerId } from './libp2p-addresses.ts'
import { KAD_PROTOCOL } from './libp2p-kad.ts'
import { Libp2pNetwork } from './libp2p-network.ts'
import { OsClock } from './os-clock.ts'
import { OsRandom } from './os-random.ts'
import { askPeerTime } from './peer-time.ts'
import { StderrLogger } from './stderr-logger.ts'

/** How long a peer may take to be connected and to answer. */
const PROBE_TIMEOUT_MS = 8_000
/** How often it is looked whether more is known. */
const POLL_MS = 100
/** Bytes of an Ed25519 seed. */
const SEED_BYTES = 32

/** What a probe of one peer came to. */
export type PeerProbe =
  /** It speaks our protocols; its clock is ahead of ours by so much, where it tells. */
  | { readonly outcome: 'ok'; readonly clockAheadMs: number | undefined }
  /** It is there, and speaks none of our protocols. */
  | { readonly outcome: 'wrong-version' }
  /** It is not there, or somebody else is. */
  | { readonly outcome: 'no-answer'; readonly reason: string }

/** A node for a moment, with a key of its own: asks peers what they are, and how the world sees this machine. */
export class ProbeNetwork {
  readonly #clock = new OsClock()
  readonly #network: Libp2pNetwork

  /** With `listen` it tries to be reached as a node there would be; without it only asks. */
  constructor(init: { readonly bootstrap: readonly string[]; readonly listen: readonly string[] | undefined }) {
    const logger = new StderrLogger({ clock: this.#clock, level: 'silent' })
    const isReached = init.listen !== undefined
    this.#network = new Libp2pNetwork(
      { clock: this.#clock, logger, datastore: new MemoryDatastore() },
      {
        privateKeySeed: new OsRandom().bytes(SEED_BYTES),
        listen: init.listen ?? [],
        bootstrap: init.bootstrap,
        mdns: false,
        dhtMode: 'client',
        reach: {
          serveOthers: 'off',
          punch: isReached,
          autonat: isReached,
          mapPorts: isReached,
          watchInterfaces: false,
          ...(isReached ? {} : { relays: 0 }),
        },
      },
    )
  }

  /** Rejects when it cannot listen. */
  async start(): Promise<void> {
    await this.#network.start()
  }

  async stop(): Promise<void> {
    await this.#network.stop()
  }

  /** Asks a peer for its time, and if it has none to tell, whether it is of our network. */
  async probe(address: string): Promise<PeerProbe> {
    const parsed = parseAddress(address)
    const peerId = parsed && peerIdOf(parsed)
    if (parsed === undefined || peerId === undefined) {
      return { outcome: 'no-answer', reason: 'this is no address of a node' }
    }
    const peer = { peerId, addresses: [withoutPeerId(parsed).toString()] }
    try {
      const signal = this.#clock.timeoutSignal(PROBE_TIMEOUT_MS)
      return { outcome: 'ok', clockAheadMs: await askPeerTime(this.#network, this.#clock, peer, signal) }
    } catch (error) {
      if (!(error instanceof DialError) || error.failure !== 'unsupported-protocol') {
        return { outcome: 'no-answer', reason: error instanceof Error ? error.message : 'it was cancelled' }
      }
    }
    try {
      const stream = await this.#network.dial(peer, KAD_PROTOCOL, this.#clock.timeoutSignal(PROBE_TIMEOUT_MS))
      stream.abort(new Error('that was all'))
      return { outcome: 'ok', clockAheadMs: undefined }
    } catch {
      return { outcome: 'wrong-version' }
    }
  }

  /** Waits until it is known whether strangers can dial this machine, at most so long. */
  async reach(limitMs: number): Promise<{ readonly reach: ReachReport; readonly connectedPeers: number }> {
    const untilMs = this.#clock.monotonicMs() + limitMs
    while (this.#clock.monotonicMs() < untilMs && !isKnown(this.#network.reach())) {
      await this.#clock.sleep(POLL_MS)
    }
    return { reach: this.#network.reach(), connectedPeers: this.#network.connectedPeers().length }
  }
}

/** Public is all there is to know; a private node is looked at until a relay has taken or refused it. */
function isKnown({ reachability, relays, relayRefusal, portMapping }: ReachReport): boolean {
  if (portMapping.state === 'searching') {
    return false
  }
  // A relay that did not answer is asked again.
  const isTold = relays.length > 0 || (relayRefusal !== undefined && relayRefusal !== 'unreachable')
  return reachability === 'public' || (reachability === 'private' && isTold)
}
