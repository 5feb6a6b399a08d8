import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { FindingId } from '../../cli/doctor/finding.ts'
import type { Surroundings } from '../support/kabber-process.ts'
import { commandIn } from './internet.ts'
import { LabNode, LabRelay, LISTEN_PORT } from './lab-node.ts'
import { runIn } from './netns.ts'
import { placeNamed, type World } from './world.ts'

/** Somebody with a fault, ready for the doctor. */
export interface Patient {
  readonly node: Pick<LabNode, 'host' | 'home'>
  /** For the doctor as well as for the node. */
  readonly surroundings?: Surroundings
  readonly args?: readonly string[]
}

/** One thing that goes wrong. */
export interface Fault {
  /** What the doctor must find. */
  readonly id: FindingId
  readonly how: string
  /** What follows from it or is so anyway, and may be told as well. */
  readonly also: readonly FindingId[]
  readonly inject: (world: World, name: string) => Promise<Patient>
}

const CLOCK_LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const NOBODY = `/ip4/45.200.0.1/tcp/4001/p2p/12D3KooWSTDqCyiXvtQUT6GMD4hsaMZMx6c8KAFRbbQzPg3EopfD`

/** Runs what follows with a file system at the home that is made by `mount`; it is seen by that process alone. */
function mounted(...mount: readonly string[]): Surroundings {
  return { through: ['sh', '-e', '-c', `${mount.join('\n')}\nexec "$@"`, 'sh'] }
}

async function running(world: World, name: string, place: string, surroundings: Surroundings = {}): Promise<Patient> {
  const node = await world.person(name, place)
  await node.start(surroundings)
  return { node, surroundings }
}

async function withBootstrap(
  world: World,
  name: string,
  place: string,
  bootstrap: readonly string[],
): Promise<LabNode> {
  const host = await world.internet.host(name, placeNamed(place))
  const node = new LabNode(world.hooks, host, { folder: world.folder, bootstrap })
  await node.init()
  return node
}

/** A program on a public host; gives its first line. */
async function programOn(world: World, host: string, ...command: readonly string[]): Promise<string> {
  const [program = '', ...args] = commandIn(host, ...command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  world.hooks.after(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return String(line)
}

/** The twelve, and what else goes wrong with networks. */
export const FAULTS: readonly Fault[] = [
  { id: 'ok', how: 'nothing: a public address', also: [], inject: (world, name) => running(world, name, 'open') },
  {
    id: 'ok',
    how: 'nothing: the router maps a port',
    also: [],
    inject: (world, name) => running(world, name, 'mapped'),
  },
  {
    id: 'no-bootstrap',
    how: 'the only bootstrap node is gone',
    also: ['dht-alone'],
    inject: async (world, name) => {
      const host = world.internet.publicHost(`${name}-gone`)
      const node = await withBootstrap(world, name, 'open', [NOBODY.replace('45.200.0.1', host.address)])
      await node.start()
      return { node }
    },
  },
  {
    id: 'wrong-clock',
    how: 'the clock is three hours slow',
    also: [],
    inject: (world, name) =>
      running(world, name, 'open', {
        env: { LD_PRELOAD: CLOCK_LIBRARY, FAKETIME: '-3h', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
      }),
  },
  {
    id: 'port-in-use',
    how: 'another program listens on the port',
    also: ['not-running'],
    inject: async (world, name) => {
      const node = await world.person(name, 'open')
      const listener = `require('node:net').createServer().listen(${LISTEN_PORT}, () => console.log('listening'))`
      await programOn(world, name, process.execPath, '-e', listener)
      return { node, args: ['--listen', `/ip4/0.0.0.0/tcp/${LISTEN_PORT}`, ...bootstrapArgs(world)] }
    },
  },
  {
    id: 'nat-without-mapping',
    how: 'a home router without UPnP',
    also: [],
    inject: (world, name) => running(world, name, 'home'),
  },
  {
    id: 'nat-without-mapping',
    how: 'a NAT with another port for each destination',
    also: [],
    inject: (world, name) => running(world, name, 'varying'),
  },
  {
    id: 'upnp-refused',
    how: 'the router refuses to map ports',
    also: [],
    inject: async (world, name) => {
      const host = await world.internet.host(name, { ...placeNamed('mapped'), refusesMapping: true })
      const node = await world.personOn(host)
      await node.start()
      return { node }
    },
  },
  {
    id: 'dns-failure',
    how: 'the bootstrap node has a name, and DNS does not answer',
    also: ['dht-alone'],
    inject: async (world, name) => {
      const [address = ''] = world.bootstrap
      const node = await withBootstrap(world, name, 'open', [address.replace(/ip4\/[\d.]+/, 'dns4/relay.example')])
      await node.start()
      return { node }
    },
  },
  {
    id: 'firewall-out',
    how: 'nothing gets out',
    also: ['dht-alone'],
    inject: async (world, name) => {
      const node = await world.person(name, 'open')
      const chain = 'chain out { type filter hook output priority 0; oifname "eth0" drop; }'
      runIn(name, 'nft', ['-f', '-'], `table inet shut {\n${chain}\n}`)
      await node.start()
      return { node }
    },
  },
  {
    id: 'relay-full',
    how: 'the only relay has a single place, and it is taken',
    also: ['nat-without-mapping'],
    inject: async (world, name) => {
      const relayHost = world.internet.publicHost(`${name}-relay`)
      const relay = new LabRelay(world.hooks, relayHost, world.folder, ['--reservations', '1'])
      await relay.start()
      const nodes: LabNode[] = []
      for (const each of [`${name}-first`, name]) {
        const node = await withBootstrap(world, each, 'home', relay.bootstrap)
        await node.start()
        await node.known()
        nodes.push(node)
      }
      return { node: nodes[1]! }
    },
  },
  {
    id: 'home-read-only',
    how: 'the file system of the home is read-only',
    also: ['not-running'],
    inject: async (world, name) => {
      const node = await world.person(name, 'open')
      const at = node.home
      const surroundings = mounted(`mount --bind ${at} ${at}`, `mount -o remount,ro,bind ${at}`)
      return { node, surroundings, args: bootstrapArgs(world) }
    },
  },
  {
    id: 'disk-full',
    how: 'the file system of the home is full',
    also: ['not-running'],
    inject: async (world, name) => {
      const node = await world.person(name, 'open')
      const [at, copy] = [node.home, `${node.home}.copy`]
      const surroundings = mounted(
        `cp -a ${at} ${copy}`,
        `mount -t tmpfs -o size=2m none ${at}`,
        `cp -a ${copy}/. ${at}/`,
        `cat /dev/zero > ${at}/full 2>/dev/null || true`,
      )
      return { node, surroundings, args: bootstrapArgs(world) }
    },
  },
  {
    id: 'version-mismatch',
    how: 'the bootstrap node speaks other protocols',
    also: ['dht-alone'],
    inject: async (world, name) => {
      const host = world.internet.publicHost(`${name}-other`)
      const program = join(import.meta.dirname, 'stranger.ts')
      const listen = `/ip4/${host.address}/tcp/${LISTEN_PORT}`
      const address = await programOn(world, host.name, process.execPath, program, listen)
      const node = await withBootstrap(world, name, 'open', [address])
      await node.start()
      return { node }
    },
  },
  {
    id: 'dht-alone',
    how: 'a relay that is the first of its network',
    also: ['no-bootstrap'],
    inject: async (world, name) => {
      const relay = new LabRelay(world.hooks, world.internet.publicHost(name), world.folder)
      await relay.start()
      return { node: relay }
    },
  },
  {
    id: 'firewall-in',
    how: 'a public address behind a firewall',
    also: [],
    inject: (world, name) => running(world, name, 'firewall'),
  },
  {
    id: 'not-running',
    how: 'the node was not started',
    also: [],
    inject: async (world, name) => ({ node: await world.person(name, 'open'), args: bootstrapArgs(world) }),
  },
]

function bootstrapArgs(world: World): readonly string[] {
  return world.bootstrap.flatMap((address) => ['--bootstrap', address])
}
