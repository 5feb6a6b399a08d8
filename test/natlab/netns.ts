import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The command of iproute2. */
export const IP_COMMAND = 'ip'
/** Begins the names of namespaces of all laboratories; a process number follows. */
const FAMILY = 'kn'
/** Begins the names of all namespaces of this process, so that two laboratories do not meet. */
const PREFIX = `${FAMILY}${process.pid}`

/** Where laboratories keep files; a short path, for that of a Unix socket has at most 107 bytes. */
const FILES = '/tmp'

/** The path of a file or folder of this process. */
export function fileOf(name: string): string {
  return join(FILES, `${PREFIX}-${name}`)
}

/** The full name of a namespace of this process. */
export function namespaceOf(node: string): string {
  return `${PREFIX}-${node}`
}

/** Why no laboratory can be built here, or undefined; `more`: commands that it needs besides `ip` and `nft`. */
export function obstacle(more: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') {
    return 'network namespaces need Linux'
  }
  if (process.getuid?.() !== 0) {
    return 'network namespaces need root'
  }
  for (const command of [IP_COMMAND, 'nft', ...more]) {
    if (spawnSync(command, ['-V']).error !== undefined) {
      return `the command ${command} is missing (test/natlab/install-tools.sh installs it on Debian)`
    }
  }
  const tried = spawnSync(IP_COMMAND, ['netns', 'add', namespaceOf('try')], { encoding: 'utf8' })
  spawnSync(IP_COMMAND, ['netns', 'del', namespaceOf('try')])
  return tried.status === 0 ? undefined : `network namespaces are not allowed here: ${tried.stderr.trim()}`
}

/** Removes what laboratories left that were killed without a chance to clean up: namespaces, files of theirs. */
export function removeOrphans(): void {
  for (const name of namespaces().filter(isOrphan)) {
    spawnSync(IP_COMMAND, ['netns', 'del', name])
  }
  for (const name of readdirSync(FILES).filter(isOrphan)) {
    rmSync(join(FILES, name), { recursive: true, force: true })
  }
}

/** Named by a laboratory whose process is gone. */
function isOrphan(name: string): boolean {
  const pid = new RegExp(`^${FAMILY}(\\d+)-`).exec(name)?.[1]
  return pid !== undefined && !existsSync(`/proc/${pid}`)
}

/** Removes all namespaces of this process and what is in them; may be called at any time, also twice. */
export function removeNamespaces(): void {
  for (const name of namespaces().filter((found) => found.startsWith(`${PREFIX}-`))) {
    spawnSync(IP_COMMAND, ['netns', 'del', name])
  }
}

/**
 * Runs a command to its end and gives what it printed.
 *
 * @throws Error with what it complained of
 */
export function run(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input })
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${stderr?.trim()}`)
  }
  return stdout
}

/** Runs a command in a namespace of this process. */
export function runIn(node: string, command: string, args: readonly string[], input = ''): string {
  return run(IP_COMMAND, ['netns', 'exec', namespaceOf(node), command, ...args], input)
}

/** Runs lines of `ip` in a namespace of this process. */
export function ipIn(node: string, ...lines: readonly string[]): void {
  run(IP_COMMAND, ['-n', namespaceOf(node), '-batch', '-'], lines.join('\n'))
}

function namespaces(): readonly string[] {
  const { stdout } = spawnSync(IP_COMMAND, ['netns', 'list'], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '')
    .filter(Boolean)
}
