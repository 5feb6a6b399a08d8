import { spawnSync } from 'node:child_process'

/** What every run needs: the peer, and the tools that make certificates and terminals. */
const ALWAYS = ['python3-slixmpp', 'openssl', 'tmux', 'util-linux']

/** The user as whom programs with windows run; they refuse root or are better kept from it. */
export const DESKTOP_USER = 'xprobe'

/** Installs what is missing of Debian's packages and prints the versions; false if it cannot, which it says. */
export function install(packages: readonly string[]): boolean {
  const wanted = [...new Set([...ALWAYS, ...packages])].sort()
  const missing = wanted.filter((name) => version(name) === undefined)
  const needsUser = spawnSync('id', [DESKTOP_USER]).status !== 0
  if ((missing.length > 0 || needsUser) && process.getuid?.() !== 0) {
    console.error(`test:clients must install ${missing.join(' ')}: run it as root, on Debian`)
    return false
  }
  if (missing.length > 0) {
    console.log(`installing ${missing.join(' ')}`)
    if (!aptGet('update') || !aptGet('install', '-y', '--no-install-recommends', ...missing)) {
      return false
    }
  }
  if (needsUser && spawnSync('useradd', ['--create-home', DESKTOP_USER], { stdio: 'inherit' }).status !== 0) {
    return false
  }
  console.log(wanted.map((name) => `${name} ${version(name)}`).join(', '))
  return true
}

function version(name: string): string | undefined {
  const fields = ['db:Status-Status', 'Version'].map((field) => `\${${field}}`).join(' ')
  const { stdout, status } = spawnSync('dpkg-query', ['-W', '-f', fields, name], { encoding: 'utf8' })
  const [state, number] = stdout?.split(' ') ?? []
  return status === 0 && state === 'installed' ? number : undefined
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const done = spawnSync('apt-get', ['-q', ...args], { env, encoding: 'utf8' })
  if (done.status !== 0) {
    console.error(`apt-get ${args.join(' ')} failed: ${done.stderr ?? done.error?.message}`)
  }
  return done.status === 0
}
