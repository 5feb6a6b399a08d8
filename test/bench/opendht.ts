import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

/** Debian's package `dhtnode`; another path with DHTNODE=… */
const COMMAND = process.env.DHTNODE ?? 'dhtnode'
const NODES = 30
const FIRST_PORT = 41_200
const VALUES = 60
/** Until the nodes know each other. */
const SETTLING_MS = 5_000
const ANSWER_LIMIT_MS = 10_000
const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 }

/** A node of OpenDHT, told what to do on its stdin. */
class DhtNode {
  readonly process: ChildProcess
  #text = ''
  #heard: () => void = () => {}

  constructor(port: number) {
    const bootstrap = port === FIRST_PORT ? [] : ['-b', `127.0.0.1:${FIRST_PORT}`]
    this.process = spawn(COMMAND, ['-p', String(port), ...bootstrap], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
      this.#heard()
    })
  }

  /** Gives a command and the milliseconds that the node says it took. */
  async told(command: string, answer: RegExp): Promise<number> {
    const heard = Promise.withResolvers<number>()
    this.#text = ''
    this.#heard = () => {
      const [, took, unit = ''] = answer.exec(this.#text) ?? []
      if (took !== undefined) {
        heard.resolve(Number(took) * (UNITS_MS[unit] ?? Number.NaN))
      }
    }
    this.process.stdin?.write(`${command}\n`)
    const late = pause(ANSWER_LIMIT_MS, undefined, { ref: false }).then(() => Number.NaN)
    return await Promise.race([heard.promise, late])
  }
}

function print(what: string, times: readonly number[]): void {
  const sorted = Float64Array.from(times.filter((ms) => !Number.isNaN(ms))).sort()
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1).padStart(7)
  const failed = times.length - sorted.length
  const note = failed > 0 ? `${failed} without an answer` : ''
  console.log(`${what.padEnd(48)} p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${note}`)
}

/** Puts and gets of `bytes` in a network of 30 nodes of OpenDHT on this machine, by its own clock; printed. */
export async function measureOpenDht(bytes: number): Promise<void> {
  if (spawnSync(COMMAND, ['--help'], { stdio: 'ignore' }).error !== undefined) {
    console.log('OpenDHT: `dhtnode` is not installed (Debian: apt install dhtnode)')
    return
  }
  const nodes: DhtNode[] = []
  try {
    for (let index = 0; index < NODES; index++) {
      nodes.push(new DhtNode(FIRST_PORT + index))
    }
    await pause(SETTLING_MS)
    const [writer, reader] = [nodes[1] as DhtNode, nodes[2] as DhtNode]
    const [puts, gets]: [number[], number[]] = [[], []]
    for (let index = 0; index < VALUES; index++) {
      puts.push(await writer.told(`p value${index} ${'a'.repeat(bytes)}`, /Put: success, took ([\d.]+) (\w+)/))
      gets.push(await reader.told(`g value${index}`, /Get: completed, took ([\d.]+) (\w+)/))
    }
    print(`OpenDHT, put of ${bytes} bytes (in memory)`, puts)
    print(`OpenDHT, get of ${bytes} bytes`, gets)
  } finally {
    for (const { process } of nodes) {
      process.kill('SIGKILL')
    }
  }
}
