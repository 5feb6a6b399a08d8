import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type RunCommand, repeatArguments } from '../output/repeat-command.ts'
import type { RunSummary } from '../output/run-summary.ts'

/** Characters of a child's complaints that are kept. */
const COMPLAINT_CHARACTERS_MAX = 4_000

const EXTENSION: string = extname(import.meta.filename)
const PRELOAD: string = new URL(`../time/preload${EXTENSION}`, import.meta.url).href
const MAIN: string = join(import.meta.dirname, `../main${EXTENSION}`)

/** What a child was good for. */
export type ChildOutcome = { readonly summary: RunSummary } | { readonly problem: string }

/** Runs one scenario in a process of its own, with a folder below `folder` that is gone afterwards. */
export async function runChild(command: RunCommand, folder: string, signal: AbortSignal): Promise<ChildOutcome> {
  const out = mkdtempSync(join(folder, '.run-'))
  try {
    const said = await childOutput([...repeatArguments(command), '--out', out], signal)
    const summary = readSummary(join(out, 'run.json'))
    return summary === undefined || summary.isPartial ? { problem: said } : { summary }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** The last of what a child said, once it has ended. */
function childOutput(args: readonly string[], signal: AbortSignal): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter(isOfMemory), '--import', PRELOAD, MAIN, 'run', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  const listen = (data: string): void => {
    said = (said + data).slice(-COMPLAINT_CHARACTERS_MAX)
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const stop = (): void => {
    child.kill('SIGTERM')
  }
  signal.addEventListener('abort', stop)
  child.on('error', (error) => listen(error.message))
  child.on('close', (code, killedBy) => {
    signal.removeEventListener('abort', stop)
    resolve(said.trim() || `it ended with ${killedBy ?? `exit code ${code}`} and said nothing`)
  })
  return promise
}

/** What `kabber sim` gives the engine for speed holds for its children too. */
function isOfMemory(option: string): boolean {
  return option.startsWith('--max-')
}

function readSummary(file: string): RunSummary | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunSummary
  } catch {
    return undefined
  }
}
