import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Network } from '../../src/system/network.ts'

/** A libp2p peer without any of our manners, for attacks; `connect` gives it a connection it can abuse. */
export class HostilePeer {
  readonly libp2p: Libp2p

  constructor(libp2p: Libp2p) {
    this.libp2p = libp2p
  }

  /** `services` of libp2p, if it is to have any. */
  static async create(privateKey?: PrivateKey, services: Libp2pOptions['services'] = {}): Promise<HostilePeer> {
    const libp2p = await createLibp2p({
      privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services,
    })
    return new HostilePeer(libp2p)
  }

  async connect(victim: Network): Promise<HostileConnection> {
    const address = multiaddr(`${victim.addresses()[0]}/p2p/${victim.peerId}`)
    // Another one, whatever there are.
    return new HostileConnection(await this.libp2p.dial(address, { force: true }))
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
  readonly maConn: { pause(): void; socket: { pause(): void; write(bytes: Uint8Array): boolean } }
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

  /** Bytes that no key has sealed, behind those that were. */
  sendUnencrypted(bytes: Uint8Array): void {
    this.#inside.maConn.socket.write(bytes)
  }

  /** The same frame many times, in one go. */
  sendHeaders(header: YamuxHeader, times: number): void {
    const one = headerBytes(header)
    const all = new Uint8Array(times * one.byteLength)
    for (let index = 0; index < times; index++) {
      all.set(one, index * one.byteLength)
    }
    this.#inside.muxer.send(all)
  }

  /** Any header, with any data behind it. */
  sendRawFrame(header: RawHeader, data: Uint8Array): void {
    this.#inside.muxer.send(Uint8Array.of(...headerBytes(header), ...data))
  }

  /** Sends a yamux frame (hashicorp/yamux spec.md); data frames without their data. */
  sendHeader(header: YamuxHeader): boolean {
    return this.#inside.muxer.send(headerBytes(header))
  }
}

/** A header with any values. */
export interface RawHeader {
  readonly version?: number
  readonly type: number
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

function headerBytes({ version = 0, type, flag, streamID, length }: RawHeader): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint8(1, type)
  view.setUint16(2, flag)
  view.setUint32(4, streamID)
  view.setUint32(8, length)
  return bytes
}
