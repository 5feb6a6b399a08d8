import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import type { AfterHooks } from '../support/kabber-process.ts'
import { fileOf, IP_COMMAND, ipIn, namespaceOf, removeNamespaces, removeOrphans, run, runIn } from './netns.ts'
import type { BoxRules, Place } from './places.ts'
import { upnpDaemon, upnpRuleset } from './upnp-router.ts'

/**
 * Runs miniupnpd without a console, in the mount namespace that `ip netns exec` makes. Where no syslog listens it writes there
 * whatever it logs, a line for each of 64,512 ports of a request that it refuses; the serial console of a virtual machine takes
 * that so slowly that a processor stood still for up to 80 s.
 */
const QUIET_DAEMON = '[ ! -e /dev/console ] || mount --bind /dev/null /dev/console; exec "$0" "$@"'
/** The router of the public network; every public host has a network of its own behind it. */
const ROUTER = 'public'
const FIRST_NETWORK = 10
const LAST_NETWORK = 250

/** A host of the laboratory: a namespace. */
export interface LabHost {
  readonly name: string
  /** Its own address. */
  readonly address: string
  /** The address under which the public sees it. */
  readonly publicAddress: string
  /** Namespaces of the boxes between it and the public, the nearest first. */
  readonly boxes: readonly string[]
}

/** A public network on this machine, without a way out: hosts with public addresses, and boxes with hosts behind them. */
export class Internet {
  readonly #hooks: AfterHooks
  #network = FIRST_NETWORK

  /** Whatever is built here is removed after the run; what killed laboratories left is removed now. */
  constructor(hooks: AfterHooks) {
    this.#hooks = hooks
    removeOrphans()
    hooks.after(removeNamespaces)
    process.on('exit', removeNamespaces)
    this.#add(ROUTER)
    forwarding(ROUTER)
  }

  /** A host with a public address in a /24 of its own. */
  publicHost(name: string): LabHost {
    this.#add(name)
    const address = this.#plug(name, 'eth0')
    return { name, address, publicAddress: address, boxes: [] }
  }

  /** A host at a place, with boxes of its own on the way to the public. */
  async host(name: string, place: Place): Promise<LabHost> {
    if (place.boxes.length === 0) {
      return this.publicHost(name)
    }
    const boxes = place.boxes.map((_rules, index) => `${name}-box${index}`)
    const outermost = boxes.at(-1)!
    for (const box of [name, ...boxes]) {
      this.#add(box)
    }
    const outside = this.#plug(outermost, 'wan')
    // From the public inwards, RFC 6598 between carrier and home.
    for (let index = boxes.length - 1; index > 0; index--) {
      cable(boxes[index]!, 'lan', '100.64.0.1/24', boxes[index - 1]!, 'wan', '100.64.0.2/24')
    }
    const inside = place.keepsAddresses === true ? `46.${this.#network}.0` : '192.168.1'
    cable(boxes[0]!, 'lan', `${inside}.1/24`, name, 'eth0', `${inside}.2/24`)
    if (place.keepsAddresses === true) {
      ipIn(ROUTER, `route add ${inside}.0/24 via ${outside}`)
    }
    place.boxes.forEach((rules, index) => {
      forwarding(boxes[index]!)
      setBoxRules(boxes[index]!, rules, place.mapsPorts === true && index === 0)
    })
    if (place.mapsPorts === true) {
      await this.#startUpnp(boxes[0]!, place.refusesMapping === true)
    }
    const address = `${inside}.2`
    return { name, address, publicAddress: place.keepsAddresses === true ? address : outside, boxes }
  }

  /** Starts miniupnpd on a box; `refuses`: it maps no port for anybody. */
  async #startUpnp(box: string, refuses: boolean): Promise<void> {
    const file = fileOf(`${box}.conf`)
    writeFileSync(file, upnpDaemon(namespaceOf(box), refuses))
    this.#hooks.after(() => rmSync(file, { force: true }))
    const daemon = spawnIn(box, 'sh', ['-c', QUIET_DAEMON, 'miniupnpd', '-d', '-f', file, '-P', `${file}.pid`])
    this.#hooks.after(() => {
      daemon.kill('SIGKILL')
      rmSync(`${file}.pid`, { force: true })
    })
    await once(daemon, 'spawn')
  }

  #add(node: string): void {
    run(IP_COMMAND, ['netns', 'add', namespaceOf(node)])
    ipIn(node, 'link set lo up')
  }

  /** Connects a node to the public; gives its address there. */
  #plug(node: string, device: string): string {
    if (this.#network >= LAST_NETWORK) {
      throw new Error('the public network is full')
    }
    this.#network += 1
    const prefix = `45.${this.#network}.0`
    cable(ROUTER, `net${this.#network}`, `${prefix}.1/24`, node, device, `${prefix}.10/24`)
    return `${prefix}.10`
  }
}

/** Makes a box behave so; connections that it knows stay. */
export function setBoxRules(box: string, { post, input, forward }: BoxRules, mapsPorts = false): void {
  const text = `flush ruleset
table inet filter {
chain input {\ntype filter hook input priority 0\n${input}\n}
chain forward {\ntype filter hook forward priority 0\n${mapsPorts ? 'jump miniupnpd\n' : ''}${forward}\n}
${mapsPorts ? 'chain miniupnpd {\n}' : ''}
}
table inet nat {
chain post {\ntype nat hook postrouting priority 100\n${mapsPorts ? 'jump postrouting_miniupnpd\n' : ''}${post}\n}
${mapsPorts ? upnpRuleset() : ''}
}
`
  runIn(box, 'nft', ['-f', '-'], text)
}

/** Starts a program in a namespace of this process; it ends when this process does, whatever ends that. */
export function spawnIn(node: string, command: string, args: readonly string[]): ChildProcess {
  const [program = '', ...rest] = commandIn(node, command, ...args)
  return spawn(program, rest, { stdio: 'ignore' })
}

/** The command line that runs a program in a namespace of this process. */
export function commandIn(node: string, ...command: readonly string[]): readonly string[] {
  return ['setpriv', '--pdeathsig', 'KILL', IP_COMMAND, 'netns', 'exec', namespaceOf(node), ...command]
}

/** A cable between two namespaces; the second one's way out leads over it. */
function cable(above: string, aboveName: string, gateway: string, below: string, belowName: string, own: string): void {
  ipIn(above, `link add ${aboveName} type veth peer name ${belowName} netns ${namespaceOf(below)}`)
  ipIn(above, `addr add ${gateway} dev ${aboveName}`, `link set ${aboveName} up`)
  ipIn(
    below,
    `addr add ${own} dev ${belowName}`,
    `link set ${belowName} up`,
    `route add default via ${gateway.split('/', 1)[0]}`,
  )
}

function forwarding(node: string): void {
  runIn(node, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1'])
}
