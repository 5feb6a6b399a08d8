import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { type Certificate, readCertificate } from '../../src/os/certificate.ts'
import { makeCertificate } from '../../src/os/make-certificate.ts'
import type { ClientConnection, ClientListener } from '../../src/system/client-connection.ts'

/** The far end of a client connection in a test. */
export interface TestClient {
  /** Bytes, or on a WebSocket a text frame. */
  send(text: string): void
  /** What has arrived; the frames of a WebSocket joined. */
  received(): string
  /** Resolves when what has arrived contains `text`; rejects when the connection closes before. */
  until(text: string): Promise<void>
  /** Reads nothing from now on. */
  stopReading(): void
  close(): void
  readonly closed: Promise<void>
}

/** Collects text and wakes whoever waits for some of it. */
class Arrivals {
  #text = ''
  #isClosed = false
  #waiting: (() => void)[] = []

  get text(): string {
    return this.#text
  }

  add(text: string): void {
    this.#text += text
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  async until(wanted: string): Promise<void> {
    while (!this.#text.includes(wanted)) {
      if (this.#isClosed) {
        throw new Error(`closed before ${wanted} came, after: ${this.#text.slice(-200)}`)
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) {
      wake()
    }
  }
}

/** Lets a listener's connections be taken one after the other. */
export class Door {
  readonly #come: ClientConnection[] = []
  readonly #waiting: ((connection: ClientConnection) => void)[] = []

  readonly accept = (connection: ClientConnection): void => {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) {
      this.#come.push(connection)
    } else {
      waiting(connection)
    }
  }

  next(): Promise<ClientConnection> {
    const connection = this.#come.shift()
    return connection === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(connection)
  }
}

/** Starts a listener; the door has its connections. */
export async function openDoor(listener: ClientListener): Promise<Door> {
  const door = new Door()
  await listener.start(door.accept)
  return door
}

/** A client on a socket that is connected, in clear or in TLS. */
export function socketClient(socket: Socket): TestClient {
  const arrivals = new Arrivals()
  const decoder = new TextDecoder()
  socket.on('data', (bytes) => arrivals.add(decoder.decode(bytes, { stream: true })))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      arrivals.close()
      resolve()
    })
  })
  return {
    send: (text) => void socket.write(text),
    received: () => arrivals.text,
    until: (text) => arrivals.until(text),
    stopReading: () => void socket.pause(),
    close: () => void socket.destroy(),
    closed,
  }
}

/** Connects over TCP or a Unix socket. */
export function connectSocket(options: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

/** Connects with TLS, also over a socket that is there already. */
export function connectSecurely(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ servername: 'id.internal', ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => resolve(socket))
  })
}

/** A client on a WebSocket that is open. */
export function webSocketClient(
  url: string,
  options: { readonly protocols?: string[]; readonly headers?: Record<string, string>; readonly ca?: string } = {},
): Promise<TestClient & { readonly webSocket: WebSocket }> {
  const { protocols = ['xmpp'], ...rest } = options
  const webSocket = new WebSocket(url, protocols, rest)
  const arrivals = new Arrivals()
  webSocket.on('message', (data) => arrivals.add(String(data)))
  const closed = new Promise<void>((resolve) => {
    webSocket.once('close', () => {
      arrivals.close()
      resolve()
    })
  })
  const client = {
    webSocket,
    send: (text: string) => webSocket.send(text),
    received: () => arrivals.text,
    until: (text: string) => arrivals.until(text),
    stopReading: () => webSocket.pause(),
    close: () => webSocket.terminate(),
    closed,
  }
  return new Promise((resolve, reject) => {
    webSocket.on('error', reject)
    webSocket.once('open', () => resolve(client))
  })
}

let made: Promise<Certificate> | undefined

/** A certificate for `id.internal` and loopback, made once a process. */
export function testCertificate(): Promise<Certificate> {
  made ??= makeCertificate().then(({ cert, key }) => readCertificate(cert, key))
  return made
}
