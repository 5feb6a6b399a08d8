import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Network } from '../../src/system/network.ts'

/** A libp2p peer without any of our manners, for attacks; `connect` gives it a connection it can abuse. */
export class HostilePeer {
  readonly libp2p: Libp2p

  constructor(libp2p: Libp2p) {
    this.libp2p = libp2p
  }

  static async create(privateKey?: PrivateKey): Promise<HostilePeer> {
    const libp2p = await createLibp2p({
      privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
    })
    return new HostilePeer(libp2p)
  }

  async connect(victim: Network): Promise<HostileConnection> {
    const address = multiaddr(`${victim.addresses()[0]}/p2p/${victim.peerId}`)
    return new HostileConnection(await this.libp2p.dial(address))
  }

  async stop(): Promise<void> {
    for (const connection of this.libp2p.getConnections()) {
      connection.abort(new Error('the attack is over'))
    }
    await this.libp2p.stop()
  }
}

/** The parts of a connection that libp2p hides. */
interface ConnectionInside {
  readonly maConn: { pause(): void; socket: { pause(): void } }
  readonly muxer: { send(bytes: Uint8Array): boolean; sendFrame(header: YamuxHeader, data?: unknown): boolean }
}

interface YamuxHeader {
  readonly type: 0 | 1 | 2 | 3
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

/** A connection with access to its innards. */
export class HostileConnection {
  readonly connection: Connection
  readonly closed: Promise<void>
  readonly #inside: ConnectionInside

  constructor(connection: Connection) {
    this.connection = connection
    this.#inside = connection as unknown as ConnectionInside
    this.closed = new Promise((resolve) => connection.addEventListener('close', () => resolve()))
  }

  /** Never reads from the socket again. */
  stopReading(): void {
    this.#inside.maConn.socket.pause()
  }

  /** Sends a yamux frame (hashicorp/yamux spec.md); data frames without their data. */
  sendHeader(header: YamuxHeader): boolean {
    const bytes = new Uint8Array(12)
    const view = new DataView(bytes.buffer)
    view.setUint8(1, header.type)
    view.setUint16(2, header.flag)
    view.setUint32(4, header.streamID)
    view.setUint32(8, header.length)
    return this.#inside.muxer.send(bytes)
  }
}
