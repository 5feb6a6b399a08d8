// Adds to package-lock.json the platform builds (of Biome, swc, oxc) that the registry in use did not offer when the
// lock was written. Without an entry `npm ci` calls the lock out of date; with one it installs those of the platform at
// hand and leaves the rest alone. An entry made here has no integrity: `npm install` on a machine whose registry has
// the package fills it in. To be run after `npm install`; changes nothing when nothing is missing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const LOCKFILE = join(import.meta.dirname, '../package-lock.json')
const PLATFORM =
  /-(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(\w+))?$/

/** What `npm install` would have written for a platform build, read off its name; nothing for any other package. */
function platformEntry(name: string, version: string, dev: boolean): LockEntry | undefined {
  const [, os, cpu, abi = ''] = PLATFORM.exec(name) ?? []
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    return undefined
  }
  const libc = abi.startsWith('musl') ? ['musl'] : abi.startsWith('gnu') ? ['glibc'] : undefined
  return { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc }), optional: true, os: [os] }
}

const lock: { packages: Record<string, LockEntry> } = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
const added: string[] = []
for (const { optionalDependencies = {}, dev = false } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`
    const entry = lock.packages[path] === undefined ? platformEntry(name, version, dev) : undefined
    if (entry !== undefined) {
      lock.packages[path] = entry
      added.push(name)
    }
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(LOCKFILE, `${JSON.stringify(lock, null, 2)}\n`)
}
console.log(`${added.length} platform builds added to package-lock.json`)
