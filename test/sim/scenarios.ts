/**
 * Every shipped scenario in its small version, twice with one seed: its assertions hold, no checker complains, and both
 * runs leave the same trace. Prints what each took.
 *
 *     node test/sim/scenarios.ts [name…]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const SEED = 1
const RUN_LIMIT_MS = 8 * 60_000

interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly hash: string
  readonly cpuSeconds: number
}

const shipped = readdirSync(join(ROOT, 'sim/scenarios'))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'))
const names = process.argv.length > 2 ? process.argv.slice(2) : shipped
const folder = mkdtempSync(join(tmpdir(), 'kabber-scenarios-'))

async function play(name: string, out: string): Promise<Outcome> {
  const args = ['bin/kabber.js', 'sim', 'run', name, '--ci', '--seed', String(SEED), '--out', out]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_LIMIT_MS })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  const [code] = (await once(child, 'close')) as [number | null]
  try {
    const { traceHash, resources } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))
    return { code, output, hash: traceHash, cpuSeconds: resources.cpu_s }
  } catch {
    return { code, output, hash: '', cpuSeconds: 0 }
  }
}

/** The first run and its repetition; what is wrong with them, if anything. */
async function playTwice(name: string): Promise<boolean> {
  const first = await play(name, join(folder, `${name}-1`))
  const second = await play(name, join(folder, `${name}-2`))
  const holds = first.code === 0 && second.code === 0 && first.hash !== '' && first.hash === second.hash
  const cpu = `${first.cpuSeconds.toFixed(0)} and ${second.cpuSeconds.toFixed(0)} CPU s`
  console.log(`${holds ? 'ok   ' : 'FAIL '} ${name.padEnd(22)} ${cpu.padEnd(24)} ${first.hash} ${second.hash}`)
  if (!holds) {
    console.log(first.code === 0 ? second.output : first.output)
    console.log(`repeat: npm run -s kabber -- sim run ${name} --ci --seed ${SEED}`)
  }
  return holds
}

let failures = 0
try {
  const waiting = [...names]
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      failures += (await playTwice(name)) ? 0 : 1
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(failures === 0 ? `${names.length} scenarios, each twice the same` : `${failures} scenarios failed`)
process.exitCode = failures === 0 ? 0 : 1
