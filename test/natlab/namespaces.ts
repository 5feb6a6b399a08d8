import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { BoxKind } from './box-kinds.ts'
import type { HostName } from './lab.ts'
import { LAB_UDP_IDLE_MS } from './packet-scripts.ts'

/** The command of iproute2. */
export const IP_COMMAND = 'ip'
/** Begins the names of namespaces of all laboratories; a process number follows. */
const FAMILY = 'kn'
/** Begins the names of all namespaces and links of this process, so that two laboratories do not meet. */
const PREFIX = `${FAMILY}${process.pid}`

/** Addresses in the laboratory (RFC 5737 for the open part). */
export const ADDRESSES = {
  server: '203.0.113.10',
  other: '203.0.113.20',
  boxA: '203.0.113.1',
  boxB: '203.0.113.2',
} as const

const INSIDE: Readonly<Record<'A' | 'B', readonly { readonly host: HostName; readonly address: string }[]>> = {
  A: [
    { host: 'alice', address: '192.168.1.2' },
    { host: 'carol', address: '192.168.1.3' },
  ],
  B: [{ host: 'bob', address: '192.168.1.2' }],
}

const BOXES = ['A', 'B'] as const
const HOSTS: readonly HostName[] = ['alice', 'carol', 'bob', 'server', 'other']

export function namespaceOf(node: string): string {
  return `${PREFIX}-${node}`
}

/** Why no laboratory can be built here, or undefined. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') {
    return 'network namespaces need Linux'
  }
  if (process.getuid?.() !== 0) {
    return 'network namespaces need root'
  }
  for (const command of [IP_COMMAND, 'nft']) {
    if (spawnSync(command, ['-V']).error !== undefined) {
      return `the command ${command} is missing (test/natlab/install-tools.sh installs it on Debian)`
    }
  }
  const tried = spawnSync(IP_COMMAND, ['netns', 'add', namespaceOf('try')], { encoding: 'utf8' })
  spawnSync(IP_COMMAND, ['netns', 'del', namespaceOf('try')])
  return tried.status === 0 ? undefined : `network namespaces are not allowed here: ${tried.stderr.trim()}`
}

/** Removes what laboratories left that were killed without a chance to clean up. */
function removeOrphans(): void {
  const { stdout } = spawnSync(IP_COMMAND, ['netns', 'list'], { encoding: 'utf8' })
  for (const line of stdout.split('\n')) {
    const [, name, pid] = new RegExp(`^(${FAMILY}(\\d+)-\\w+)`).exec(line) ?? []
    if (name !== undefined && !existsSync(`/proc/${pid}`)) {
      spawnSync(IP_COMMAND, ['netns', 'del', name])
    }
  }
}

/** A bridge in the open with two servers and two boxes; two hosts behind A, one behind B. */
export function build(): void {
  removeOrphans()
  for (const node of ['pub', 'boxA', 'boxB', ...HOSTS]) {
    ip('netns', 'add', namespaceOf(node))
    within(node, 'link', 'set', 'lo', 'up')
  }
  bridge('pub')
  for (const [node, address] of Object.entries(ADDRESSES)) {
    plug('pub', node, 'wan', `${address}/24`)
  }
  for (const box of BOXES) {
    const node = `box${box}`
    bridge(node)
    within(node, 'addr', 'add', '192.168.1.1/24', 'dev', 'br0')
    for (const { host, address } of INSIDE[box]) {
      plug(node, host, 'eth0', `${address}/24`)
      within(host, 'route', 'add', 'default', 'via', '192.168.1.1')
    }
    for (const setting of [
      'net.ipv4.ip_forward=1',
      `net.netfilter.nf_conntrack_udp_timeout=${LAB_UDP_IDLE_MS / 1_000}`,
      `net.netfilter.nf_conntrack_udp_timeout_stream=${LAB_UDP_IDLE_MS / 1_000}`,
    ]) {
      // The settings of conntrack appear with the first rule that needs it.
      setRules(box, undefined)
      run(IP_COMMAND, ['netns', 'exec', namespaceOf(node), 'sysctl', '-qw', setting])
    }
  }
}

/** Makes a box behave as `kind`; undefined: plain routing with tracking. Forgets all flows when the box was rebuilt. */
export function setRules(box: 'A' | 'B', kind: BoxKind | undefined): void {
  const rules = kind?.rules ?? { post: '', input: 'ct state established accept', forward: '' }
  const chain = (name: string, type: string, hook: string, body: string | undefined): string =>
    `chain ${name} {\ntype ${type} hook ${hook} priority ${type === 'nat' ? (hook === 'prerouting' ? -100 : 100) : 0}\n${body ?? ''}\n}`
  const text = `flush ruleset
table ip box {
${rules.sets ?? ''}
${chain('post', 'nat', 'postrouting', rules.post)}
${chain('pre', 'nat', 'prerouting', rules.pre)}
${chain('input', 'filter', 'input', rules.input)}
${chain('forward', 'filter', 'forward', rules.forward)}
}`.replaceAll('INSIDE', INSIDE[box][0]!.address)
  run(IP_COMMAND, ['netns', 'exec', namespaceOf(`box${box}`), 'nft', '-f', '-'], text)
}

/** Removes everything; may be called at any time, also twice. */
export function tearDown(): void {
  for (const node of ['pub', 'boxA', 'boxB', ...HOSTS]) {
    spawnSync(IP_COMMAND, ['netns', 'del', namespaceOf(node)])
  }
}

function bridge(node: string): void {
  within(node, 'link', 'add', 'br0', 'type', 'bridge')
  within(node, 'link', 'set', 'br0', 'up')
}

/** A cable from the bridge of `node` to `peer`, where it is called `name`. */
function plug(node: string, peer: string, name: string, address: string): void {
  const end = `to-${peer}`
  const [here, there] = [namespaceOf(node), namespaceOf(peer)]
  ip('-n', here, 'link', 'add', end, 'type', 'veth', 'peer', 'name', name, 'netns', there)
  within(node, 'link', 'set', end, 'master', 'br0', 'up')
  within(peer, 'addr', 'add', address, 'dev', name)
  within(peer, 'link', 'set', name, 'up')
}

function within(node: string, ...args: string[]): void {
  ip('-n', namespaceOf(node), ...args)
}

function ip(...args: string[]): void {
  run(IP_COMMAND, args)
}

function run(command: string, args: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', input })
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`)
  }
}
