import type { AbortOptions, Stream } from '@libp2p/interface'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

type SendResult = ReturnType<AbstractMultiaddrConnection['sendData']>
type Bytes = Parameters<AbstractMultiaddrConnection['sendData']>[0]

/** A stream to a relay as the connection to the peer behind it. */
export class CircuitConnection extends AbstractMultiaddrConnection {
  readonly #stream: Stream

  constructor(stream: Stream, addresses: { readonly remote: Multiaddr; readonly local: Multiaddr | undefined }) {
    super({
      remoteAddr: addresses.remote,
      ...(addresses.local === undefined ? {} : { localAddr: addresses.local }),
      direction: stream.direction,
      log: stream.log.newScope('circuit'),
    })
    this.#stream = stream
    stream.addEventListener('close', (event) => this.onTransportClosed(event.error))
    stream.addEventListener('remoteCloseWrite', () => {
      this.onRemoteCloseWrite()
      this.close().catch((error: unknown) =>
        this.abort(error instanceof Error ? error : new Error('the circuit broke')),
      )
    })
    stream.addEventListener('message', (event) => this.onData(event.data))
    stream.addEventListener('drain', () => this.safeDispatchEvent('drain'))
  }

  sendData(data: Bytes): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#stream.send(data) }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    await this.#stream.close(options)
  }

  sendReset(error: Error): void {
    this.#stream.abort(error)
  }

  sendPause(): void {
    if (this.#stream.readStatus === 'readable') {
      this.#stream.pause()
    }
  }

  sendResume(): void {
    if (this.#stream.readStatus === 'paused') {
      this.#stream.resume()
    }
  }
}
