import type { Endpoint } from '../nat/packet.ts'

/** A running hash over every packet: source, destination, size and time in microseconds (FNV-1a in two lanes). */
export class PacketHash {
  #a = 0x811c9dc5
  #b = 0x9747b28c
  #packets = 0

  get packets(): number {
    return this.#packets
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }

  note(source: Endpoint, destination: Endpoint, bytes: number, nowMs: number): void {
    this.#packets += 1
    const us = Math.floor(nowMs * 1_000)
    this.#endpoint(source)
    this.#endpoint(destination)
    this.#word(bytes)
    this.#word(us)
    this.#word(Math.floor(us / 2 ** 32))
  }

  #endpoint({ address, port }: Endpoint): void {
    for (let i = 0; i < address.length; i++) {
      this.#word(address.charCodeAt(i))
    }
    this.#word(port)
  }

  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = Math.imul(this.#b ^ word ^ (this.#a >>> 15), 0x5bd1e995)
  }
}
