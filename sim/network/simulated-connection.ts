import { type AbortOptions, type Logger, type MultiaddrConnection, TimeoutError } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Scheduler } from './scheduler.ts'
import type { TcpSocket } from './tcp-socket.ts'

/** An idle connection ends then, as @libp2p/tcp does it the way the node sets it (src/os/libp2p-limits.ts). */
const INACTIVITY_TIMEOUT_MS = 600_000

/** What a connection is made of. */
interface SimulatedConnectionInit {
  readonly socket: TcpSocket
  readonly scheduler: Scheduler
  readonly remoteAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
  readonly log: Logger
}

/** A simulated TCP socket as libp2p's upgrader wants it; behaves as the connections of @libp2p/tcp do. */
export class SimulatedConnection extends AbstractMultiaddrConnection implements MultiaddrConnection {
  readonly #socket: TcpSocket
  readonly #scheduler: Scheduler
  #activeMs: number
  #idleTimer: { cancel(): void } | undefined

  constructor(init: SimulatedConnectionInit) {
    super({ remoteAddr: init.remoteAddr, direction: init.direction, log: init.log })
    this.#socket = init.socket
    this.#scheduler = init.scheduler
    this.#activeMs = init.scheduler.now()
    init.socket.attach({
      onData: (data) => {
        this.#activeMs = this.#scheduler.now()
        this.onData(data)
      },
      onDrain: () => this.safeDispatchEvent('drain'),
      onEnd: () => this.onTransportClosed(),
      onClose: (error) => (error.code === 'ECONNRESET' ? this.onRemoteReset() : this.abort(error)),
    })
    // The transport holds back what came before there was a listener.
    init.socket.resume()
    this.#watchActivity(INACTIVITY_TIMEOUT_MS)
    this.addEventListener('close', () => this.#idleTimer?.cancel(), { once: true })
  }

  sendData(data: Parameters<AbstractMultiaddrConnection['sendData']>[0]): SendResult {
    this.#activeMs = this.#scheduler.now()
    // A copy: the list may be changed after this.
    return { sentBytes: data.byteLength, canSendMore: this.#socket.write(data.slice()) }
  }

  sendReset(): void {
    this.#socket.reset()
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(options?.signal?.reason)
      options?.signal?.addEventListener('abort', onAbort, { once: true })
      this.#socket.close(() => {
        options?.signal?.removeEventListener('abort', onAbort)
        resolve()
      })
    })
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }

  #watchActivity(delayMs: number): void {
    this.#idleTimer = this.#scheduler.schedule(delayMs, () => {
      const leftMs = this.#activeMs + INACTIVITY_TIMEOUT_MS - this.#scheduler.now()
      if (leftMs > 0) {
        this.#watchActivity(leftMs)
      } else {
        this.abort(new TimeoutError())
      }
    })
  }
}
