import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentAnswer, type AgentCommand, type HostName, type Lab, PATIENCE_MS } from './lab.ts'
import { ADDRESSES } from './namespaces.ts'
import { IP_COMMAND, namespaceOf } from './netns.ts'

/** Time for a packet to arrive on a loaded machine. */
const ARRIVAL_MS = 60

class Agent {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (value: string) => void>()
  #id = 0

  constructor(host: HostName) {
    const args = ['netns', 'exec', namespaceOf(host), process.execPath, join(import.meta.dirname, 'agent.ts')]
    this.#process = spawn(IP_COMMAND, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      const { id, value }: AgentAnswer = JSON.parse(line)
      this.#waiting.get(id)?.(value)
      this.#waiting.delete(id)
    })
  }

  ask(command: AgentCommand): Promise<string> {
    const id = this.#id++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#process.stdin!.write(`${JSON.stringify({ id, command })}\n`)
    })
  }

  /** It ends with its input. */
  stop(): void {
    this.#process.stdin!.end()
  }
}

/** The laboratory in the kernel: an agent in each namespace. */
export class KernelLab implements Lab {
  readonly #agents: Readonly<Record<HostName, Agent>> = {
    alice: new Agent('alice'),
    carol: new Agent('carol'),
    bob: new Agent('bob'),
    server: new Agent('server'),
    other: new Agent('other'),
  }

  async bind(host: HostName, port: number): Promise<void> {
    await this.#agents[host].ask({ op: 'bind', port })
  }

  async send(host: HostName, port: number, target: string): Promise<void> {
    await this.#agents[host].ask({ op: 'send', port, ...endpoint(target) })
    await sleep(ARRIVAL_MS)
  }

  async heard(host: HostName, port: number): Promise<readonly string[]> {
    const heard = await this.#agents[host].ask({ op: 'heard', port })
    return heard === '' ? [] : heard.split(' ').map(named)
  }

  async listen(host: HostName, port: number): Promise<void> {
    await this.#agents[host].ask({ op: 'listen', port })
  }

  async connect(
    host: HostName,
    port: number,
    target: string,
    patienceMs: number = PATIENCE_MS,
  ): Promise<'open' | 'refused' | 'silent'> {
    const outcome = await this.#agents[host].ask({ op: 'connect', port, ...endpoint(target), patienceMs })
    await sleep(ARRIVAL_MS)
    if (outcome !== 'open' && outcome !== 'refused' && outcome !== 'silent') {
      throw new Error(`${host} could not dial: ${outcome}`)
    }
    return outcome
  }

  async wait(ms: number): Promise<void> {
    await sleep(ms)
  }

  async reset(): Promise<void> {
    await Promise.all(Object.values(this.#agents).map((agent) => agent.ask({ op: 'reset' })))
    await sleep(ARRIVAL_MS)
  }

  stop(): void {
    for (const agent of Object.values(this.#agents)) {
      agent.stop()
    }
  }
}

function endpoint(target: string): { readonly address: string; readonly toPort: number } {
  const [name = '', port] = target.split(':')
  return { address: ADDRESSES[name as keyof typeof ADDRESSES] ?? '203.0.113.99', toPort: Number(port) }
}

function named(text: string): string {
  const [address, port] = text.split(':')
  const name = Object.entries(ADDRESSES).find(([, known]) => known === address)?.[0]
  return `${name ?? address}:${port}`
}
