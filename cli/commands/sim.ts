import { spawn } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'

/** Handed on to the simulator, which writes what it has before it ends. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * `kabber sim …`: the simulator in a process of its own, where virtual time is there before anything else is loaded. All
 * arguments are its own; its exit code is ours.
 */
export async function sim(context: CommandContext, args: readonly string[]): Promise<void> {
  const extension = extname(import.meta.filename)
  const file = (path: string): URL => new URL(`../../sim/${path}${extension}`, import.meta.url)
  const cache = getCompileCacheDir()
  const child = spawn(
    process.execPath,
    // Young garbage by the gigabyte: a larger nursery takes a sixth of the time away.
    [
      ...process.execArgv,
      '--max-semi-space-size=64',
      '--import',
      file('time/preload').href,
      fileURLToPath(file('main')),
      ...args,
    ],
    {
      stdio: 'inherit',
      env: cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) },
    },
  )
  for (const signal of SIGNALS) {
    process.on(signal, () => child.kill(signal))
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  context.exitWith(exitCodeOf(code))
}

/** 0 all held, 1 something did not, 2 bad input; one that was killed has failed. */
function exitCodeOf(code: number | null): ExitCode {
  return code === EXIT_CODES.ok || code === EXIT_CODES.usage ? code : EXIT_CODES.failed
}
