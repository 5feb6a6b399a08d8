import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const START_TIMEOUT_MS = 20_000

/** A `kabber start` process of one home. */
export interface NodeProcess {
  readonly process: ChildProcess
  /** The line with which it said that it is ready. */
  readonly ready: { readonly address: string; readonly peerId: string; readonly addresses: readonly string[] }
  /** From spawning to that line. */
  readonly startedInMs: number
  /** Ends it with a signal and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Runs one command in a home and gives the objects it printed. */
export async function kabber(home: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [MAIN, '--home', home, '--json', ...args], { maxBuffer: 2 ** 26 })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** Starts a node on loopback and waits until it is ready. */
export async function startNode(home: string, ...args: string[]): Promise<NodeProcess> {
  const startMs = performance.now()
  const child = spawn(process.execPath, [MAIN, '--home', home, '--json', 'start', '--no-mdns', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const { promise, resolve, reject } = Promise.withResolvers<NodeProcess['ready']>()
  const timer = setTimeout(() => reject(new Error(`the node of ${home} is not ready in time`)), START_TIMEOUT_MS)
  lines.once('line', (line) => resolve(JSON.parse(line)))
  child.once('exit', (code) => reject(new Error(`the node of ${home} ended with ${code}`)))
  const ready = await promise.finally(() => clearTimeout(timer))
  const startedInMs = performance.now() - startMs
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
  }
  return { process: child, ready, startedInMs, end }
}
