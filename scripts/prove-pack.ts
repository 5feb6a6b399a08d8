// Packs the project as for publishing, installs the package into an empty folder, and uses it there as a stranger would.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const MANIFEST: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** The PATH without what npm put there from the checkout: what the machine itself has. */
const MACHINE_PATH = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.endsWith('node_modules/.bin'))
const STRANGERS_PATH = [dirname(process.execPath), ...MACHINE_PATH].join(delimiter)

/** Runs a command with this Node first on the PATH; throws with its stderr when it fails. */
function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: STRANGERS_PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function packInto(folder: string): string {
  run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT)
  const [tarball, ...others] = readdirSync(folder)
  assert(tarball !== undefined && others.length === 0, 'npm pack gives one tarball')
  const listing = run('tar', ['-tzf', join(folder, tarball)], folder)
    .trim()
    .split('\n')
  const unwanted = listing.filter(
    (path) => !/^package\/(bin\/|deploy\/|dist\/(src|cli|sim|web|package\.json)|[^/]+$)/.test(path),
  )
  assert.deepEqual(
    unwanted,
    [],
    'the package holds the compiled src and cli, the web chat, what runs a relay, and nothing else',
  )
  assert(!listing.some((path) => /(?<!\.d)\.ts$/.test(path)), 'the package holds no TypeScript sources')
  return join(folder, tarball)
}

function useCommandLine(folder: string): void {
  const kabber = join(folder, 'node_modules/.bin/kabber')
  const version = run(kabber, ['--version'], folder).trim()
  assert.equal(version, MANIFEST.version)
  const line = run(kabber, ['init', '--home', join(folder, 'home'), '--json'], folder)
  const created: { address: string; uri: string; peerId: string; recoveryPhrase: string } = JSON.parse(line)
  assert.match(created.address, /^00[0-9a-f]{64}@id\.internal$/)
  assert.equal(created.recoveryPhrase.split(' ').length, 24)
  assert(created.uri.length > 0 && created.peerId.startsWith('12D3KooW'))
  console.log(`kabber ${version} made the account ${created.address}`)
}

/** Starts the node of the home that `useCommandLine` has made, opens its web chat and hands in the token. */
async function useWebChat(folder: string): Promise<void> {
  const kabber = join(folder, 'node_modules/.bin/kabber')
  const home = ['--json', '--home', join(folder, 'home')]
  const quiet = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-xmpp', '--web', '127.0.0.1:0']
  const node = spawn(kabber, [...home, 'start', ...quiet], {
    env: { ...process.env, PATH: STRANGERS_PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(node.stdout, 'data')
    const { url }: { url: string } = JSON.parse(run(kabber, [...home, 'web'], folder))
    const page = await (await fetch(url)).text()
    for (const [, path = ''] of page.matchAll(/(?:href|src)="([^"]+)"/g)) {
      assert.equal((await fetch(new URL(path, url))).status, 200, `${path} is in the package`)
    }
    for (const path of ['converse/converse.min.js', 'converse/emoji.json', 'converse/LICENSE', 'converse/NOTICE']) {
      assert.equal((await fetch(new URL(path, url))).status, 200, `${path} is in the package`)
    }
    const { origin, hash } = new URL(url)
    const answer = await fetch(new URL('/login', url), {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ token: hash.replace('#token=', '') }),
    })
    const { jid, websocketUrl } = (await answer.json()) as Record<string, string>
    console.log(`kabber web logs ${jid} in at ${websocketUrl}`)
  } finally {
    node.kill()
    await once(node, 'close')
  }
}

/** Sizes that people who install the package pay for. */
function tellSizes(folder: string, tarball: string): void {
  const web = join(folder, 'node_modules/kabber/dist/web')
  const bytes = (path: string): number => Number(run('du', ['-sb', path], folder).split('\t')[0])
  console.log(`tarball ${megabytes(bytes(tarball))}, of which unpacked for the web chat ${megabytes(bytes(web))}`)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function useLibrary(folder: string): void {
  const script = "const { createNode } = await import('kabber'); console.log(typeof createNode)"
  assert.equal(run(process.execPath, ['--input-type=module', '-e', script], folder).trim(), 'function')
  console.log("import('kabber') gives createNode")
}

/** On a Node too old for the package the command says so in one line; shown when the machine has such a Node. */
function useOldNode(folder: string): void {
  const launcher = join(folder, 'node_modules/kabber/bin/kabber.js')
  const env = { ...process.env, PATH: MACHINE_PATH.join(delimiter) }
  const version = spawnSync('node', ['-p', 'process.versions.node'], { env, encoding: 'utf8' }).stdout?.trim() ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (version === '' || major > 22 || (major === 22 && minor >= 18)) {
    console.log(`no old Node on this machine to refuse (found: ${version || 'none'})`)
    return
  }
  const { status, stderr } = spawnSync('node', [launcher, '--version'], { env, encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /^kabber needs Node 22\.18 or newer; this is Node .*\n$/)
  console.log(`Node ${version} is refused in one line`)
}

const scratch = mkdtempSync(join(tmpdir(), 'kabber-pack-'))
try {
  const [packed, empty] = [join(scratch, 'packed'), join(scratch, 'empty')]
  mkdirSync(packed)
  mkdirSync(empty)
  const tarball = packInto(packed)
  run('npm', ['install', '--prefix', empty, '--no-audit', '--no-fund', '--prefer-offline', '--silent', tarball], empty)
  useCommandLine(empty)
  await useWebChat(empty)
  tellSizes(empty, tarball)
  useLibrary(empty)
  useOldNode(empty)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
