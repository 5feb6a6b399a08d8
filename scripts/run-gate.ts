import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** What a gate said: whether it passed, everything it printed, and how long it took. */
export interface GateResult {
  readonly name: string
  readonly passed: boolean
  readonly output: string
  readonly durationMs: number
}

/** The commands under `scripts` in the package.json of `root`; a gate is one of them, run by its name. */
function packageScripts(root: string): Record<string, string> {
  const manifest: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return manifest.scripts
}

/**
 * Runs the npm script `name` of the tree at `root` without npm in between, collecting its output. `extra` is appended
 * to the command as it stands. Never rejects for a failing gate.
 */
export async function runGate(root: string, name: string, extra = ''): Promise<GateResult> {
  const command = packageScripts(root)[name]
  if (command === undefined) {
    return { name, passed: false, output: `package.json has no script named ${name}`, durationMs: 0 }
  }
  const startedMs = performance.now()
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`
  const child = spawn(`${command} ${extra}`, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.on('error', (error) => {
    output += error.message
    resolve(false)
  })
  child.on('close', (code) => resolve(code === 0))
  const passed = await promise
  return { name, passed, output: stripVTControlCharacters(output), durationMs: performance.now() - startedMs }
}
