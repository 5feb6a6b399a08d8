import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const root = new URL('../../', import.meta.url)

/** A run takes a few seconds; a machine that does much else, longer. */
const CHILD_LIMIT_MS = 300_000

/** Runs a module in a process on virtual time; gives what it printed, and throws with what it said if it fails. */
export async function onVirtualTime(code: string, preload = true): Promise<string> {
  const flags = preload ? ['--import', './sim/time/preload.ts'] : []
  const args = [...flags, '--input-type=module-typescript', '--eval', code]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: CHILD_LIMIT_MS })
  return stdout
}
