/**
 * Real clients against two nodes: every client has the same conversation. Run:
 *
 *     node test/interop/run.ts [--server prosody] [--parallel N] [client…]
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AfterHooks } from '../support/kabber-process.ts'
import { temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import type { Driver } from './chat-client.ts'
import { chooseDrivers } from './clients.ts'
import { install } from './install.ts'
import { kabberWorld } from './kabber-world.ts'
import { printMatrix, type Row } from './matrix.ts'
import { type PlayReport, play } from './play.ts'
import { prosodyWorld } from './prosody-world.ts'
import type { World } from './world.ts'

/** The whole run on two busy cores. */
const RUN_LIMIT_MS = 480_000
/** One client; Dino, the slowest, takes about a minute on two busy cores. */
const CLIENT_LIMIT_MS = 150_000
/** At most one program that draws windows at a time, and something light beside it. */
const DEFAULT_PARALLEL = 2

const WORLDS: Readonly<Record<string, World>> = { kabber: kabberWorld, prosody: prosodyWorld }

const { values, positionals } = parseArgs({
  options: {
    server: { type: 'string', default: 'kabber' },
    parallel: { type: 'string', default: String(DEFAULT_PARALLEL) },
    evidence: { type: 'string', default: join(tmpdir(), 'kabber-interop') },
  },
  allowPositionals: true,
})

async function main(hooks: AfterHooks): Promise<number> {
  const drivers = chooseDrivers(positionals)
  const world = WORLDS[values.server]
  if (drivers === undefined || world === undefined) {
    return 2
  }
  if (!install([...new Set(drivers.flatMap((driver) => driver.packages))])) {
    return 1
  }
  rmSync(values.evidence, { recursive: true, force: true })
  const rows: Row[] = []
  const queue = [...drivers].sort((one, other) => Number(other.heavy) - Number(one.heavy))
  let heavy = 0
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = queue.findIndex((driver) => !driver.heavy || heavy === 0)
      const [driver] = queue.splice(index === -1 ? 0 : index, 1)
      if (driver === undefined) {
        return
      }
      heavy += Number(driver.heavy)
      const row = await one(hooks, world, driver)
      heavy -= Number(driver.heavy)
      rows.push(row)
      console.log(
        `${row.outcomes === undefined ? 'FAIL' : 'done'} ${driver.name} ${(row.durationMs / 1_000).toFixed(1)} s`,
      )
    }
  }
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker))
  rows.sort((one, other) => names(drivers).indexOf(one.name) - names(drivers).indexOf(other.name))
  const failed = printMatrix(world.name, rows)
  if (failed) {
    console.log(`evidence: ${values.evidence}`)
  }
  return failed ? 1 : 0
}

function names(drivers: readonly Driver[]): string[] {
  return drivers.map(({ name }) => name)
}

/** One client's play, with a limit; whatever happens, nothing that it started is left. */
async function one(hooks: AfterHooks, world: World, driver: Driver): Promise<Row> {
  const startMs = performance.now()
  const own = ownHooks(hooks)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not finished after ${CLIENT_LIMIT_MS / 1_000} s`)), CLIENT_LIMIT_MS)
  let failure: string | undefined
  let report: PlayReport | undefined
  try {
    const folder = temporaryFolder(own)
    const pair = await Promise.race([world.pair(own, driver.name, folder), late])
    const clientFolder = join(folder, 'client')
    mkdirSync(clientFolder)
    const context = { login: pair.own, peerJid: pair.peer.jid, folder: clientFolder, hooks: own }
    report = await Promise.race([play(driver, pair, context), late])
    if ([...report.outcomes.values()].some(({ result }) => result === 'FAIL')) {
      await keepEvidence(join(values.evidence, driver.name), report, pair.evidence)
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
    await own.run()
  }
  return { name: driver.name, outcomes: report?.outcomes, failure, durationMs: performance.now() - startMs }
}

async function keepEvidence(
  folder: string,
  report: PlayReport,
  servers: (folder: string) => Promise<void>,
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(await report.evidence(folder))) {
    writeFileSync(join(folder, name), text)
  }
  await servers(folder)
}

/** Hooks of one client, run after its play, or with all the others when the run is ended from outside. */
function ownHooks(parent: AfterHooks): AfterHooks & { run: () => Promise<void> } {
  const hooks: (() => unknown)[] = []
  const run = async (): Promise<void> => {
    for (const hook of hooks.splice(0).reverse()) {
      await Promise.resolve(hook()).catch((error: unknown) => console.error(error))
    }
  }
  parent.after(run)
  return { after: (hook) => hooks.push(hook), run }
}

await runStandalone(RUN_LIMIT_MS, main)
