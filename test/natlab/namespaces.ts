import type { BoxKind } from './box-kinds.ts'
import type { HostName } from './lab.ts'
import { IP_COMMAND, namespaceOf, removeOrphans, run } from './netns.ts'
import { LAB_UDP_IDLE_MS } from './packet-scripts.ts'

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
