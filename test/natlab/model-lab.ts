import { EventLoop } from '../../sim/network/event-loop.ts'
import type { SimHost } from '../../sim/network/host.ts'
import { SimNetwork } from '../../sim/network/network.ts'
import type { TcpSocket } from '../../sim/network/tcp-socket.ts'
import type { NatChain } from '../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { type HostName, type Lab, PATIENCE_MS } from './lab.ts'

/** Time for a packet to arrive. */
const ARRIVAL_MS = 10
const LOCATE_PORT = 60_000

/** The laboratory in our model: hosts and boxes of the simulator on a clock of their own. */
export class ModelLab implements Lab {
  readonly #loop = new EventLoop()
  readonly #hosts: Readonly<Record<HostName, SimHost>>
  readonly #names = new Map<string, string>()
  readonly #heard = new Map<string, string[]>()
  readonly #listening: { readonly host: SimHost; readonly port: number }[] = []
  readonly #sockets: TcpSocket[] = []

  constructor(boxA: NatChain, boxB: NatChain) {
    const links = {
      latency: { law: 'constant', ms: 0.1 },
      jitterMs: 0,
      loss: 0,
      bytesPerSecond: Number.POSITIVE_INFINITY,
    } as const
    const network = new SimNetwork(this.#loop, links, new SeededRandom(1))
    // An office's box takes many hosts; what it does is box A's.
    const shared = boxA.map((box) => ({ ...box, preset: 'office' }))
    this.#hosts = {
      alice: network.addHost('alice', shared),
      carol: network.addHost('carol', shared),
      bob: network.addHost('bob', boxB),
      server: network.addHost('server'),
      other: network.addHost('other'),
    }
    this.#names.set(this.#hosts.server.addresses[0]!, 'server')
    this.#names.set(this.#hosts.other.addresses[0]!, 'other')
    this.#locate('alice', 'boxA')
    this.#locate('bob', 'boxB')
  }

  async bind(name: HostName, port: number): Promise<void> {
    const heard = this.#list(name, port)
    this.#hosts[name].bind(port, (source) => heard.push(`${this.#nameOf(source.address)}:${source.port}`))
  }

  async send(name: HostName, port: number, target: string): Promise<void> {
    await this.bind(name, port)
    this.#hosts[name].sendDatagram(port, this.#endpoint(target), new Uint8Array(1))
    this.#loop.advance(ARRIVAL_MS)
  }

  async heard(name: HostName, port: number): Promise<readonly string[]> {
    return this.#list(name, port).splice(0)
  }

  async listen(name: HostName, port: number): Promise<void> {
    const host = this.#hosts[name]
    const heard = this.#list(name, port)
    host.listen(host.addresses[0]!, port, (socket) => {
      heard.push(`${this.#nameOf(socket.remote.address)}:${socket.remote.port}`)
      this.#sockets.push(socket)
    })
    this.#listening.push({ host, port })
  }

  async connect(
    name: HostName,
    port: number,
    target: string,
    patienceMs: number = PATIENCE_MS,
  ): Promise<'open' | 'refused' | 'silent'> {
    let outcome: 'open' | 'refused' | 'silent' = 'silent'
    const events = {
      onConnect: () => {
        outcome = 'open'
      },
      onClose: () => {
        outcome = 'refused'
      },
    }
    const socket = this.#hosts[name].connect(this.#endpoint(target), events, { localPort: port })
    this.#loop.advance(patienceMs)
    if (socket.isOpen) {
      this.#sockets.push(socket)
    } else {
      socket.reset()
    }
    return outcome
  }

  async wait(ms: number): Promise<void> {
    this.#loop.advance(ms)
  }

  async reset(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) {
      socket.reset()
    }
    for (const { host, port } of this.#listening.splice(0)) {
      host.unlisten(host.addresses[0]!, port)
    }
    this.#heard.clear()
    this.#loop.advance(ARRIVAL_MS)
  }

  /** Learns the outside address of a box. */
  #locate(name: HostName, box: string): void {
    const { server } = this.#hosts
    server.bind(LOCATE_PORT, (source) => this.#names.set(source.address, box))
    this.#hosts[name].sendDatagram(LOCATE_PORT, { address: server.addresses[0]!, port: LOCATE_PORT }, new Uint8Array(1))
    this.#loop.advance(ARRIVAL_MS)
  }

  #endpoint(target: string): { address: string; port: number } {
    const [name, port] = target.split(':')
    const address = [...this.#names].find(([, known]) => known === name)?.[0] ?? 'nowhere'
    return { address, port: Number(port) }
  }

  #nameOf(address: string): string {
    return this.#names.get(address) ?? address
  }

  #list(name: HostName, port: number): string[] {
    const key = `${name}:${port}`
    const list = this.#heard.get(key) ?? []
    this.#heard.set(key, list)
    return list
  }
}
