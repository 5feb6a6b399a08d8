import type { Lab } from './lab.ts'

/** UDP timeouts of all boxes in the laboratory, so that waiting for them is short. */
export const LAB_UDP_IDLE_MS = 2_000

/** A script gives its outcome in words; `base` is a block of 20 ports that is its own. */
interface PacketScript {
  readonly name: string
  readonly run: (lab: Lab, base: number) => Promise<string>
  /** Boxes that the kernel imitates only for one host behind them. */
  readonly isForManyHosts?: boolean
}

async function sees(
  lab: Lab,
  host: 'alice' | 'carol',
  port: number,
  target: 'server' | 'other',
  toPort: number,
): Promise<string> {
  await lab.bind(target, toPort)
  await lab.send(host, port, `${target}:${toPort}`)
  return (await lab.heard(target, toPort)).join(' ') || 'nothing'
}

/** Whether a datagram from a server gets to Alice. */
async function reaches(
  lab: Lab,
  from: 'server' | 'other',
  fromPort: number,
  target: string,
  port: number,
): Promise<string> {
  await lab.heard('alice', port)
  await lab.send(from, fromPort, target)
  return (await lab.heard('alice', port)).length > 0 ? 'in' : 'out'
}

/** Which of the endpoints are the same, and which kept the inside port: `= = b`. */
function pattern(endpoints: readonly string[], port: number): string {
  const others: string[] = []
  return endpoints
    .map((endpoint) => {
      if (endpoint === 'nothing' || endpoint.endsWith(`:${port}`)) {
        return endpoint === 'nothing' ? '-' : '='
      }
      if (!others.includes(endpoint)) {
        others.push(endpoint)
      }
      return String.fromCharCode('a'.charCodeAt(0) + others.indexOf(endpoint))
    })
    .join(' ')
}

/** The same for the kernel and for our boxes. */
export const PACKET_SCRIPTS: readonly PacketScript[] = [
  {
    name: 'UDP mapping: two ports of a server, another server',
    run: async (lab, base) => {
      const seen = [
        await sees(lab, 'alice', base, 'server', base + 1),
        await sees(lab, 'alice', base, 'server', base + 2),
        await sees(lab, 'alice', base, 'other', base + 1),
      ]
      return pattern(seen, base)
    },
  },
  {
    name: 'UDP filtering: same endpoint, other port, other address',
    run: async (lab, base) => {
      const door = await sees(lab, 'alice', base, 'server', base + 1)
      return [
        await reaches(lab, 'server', base + 1, door, base),
        await reaches(lab, 'server', base + 2, door, base),
        await reaches(lab, 'other', base + 1, door, base),
      ].join(' ')
    },
  },
  {
    name: 'UDP, two hosts with one port, one destination',
    isForManyHosts: true,
    run: async (lab, base) =>
      pattern(
        [await sees(lab, 'alice', base, 'server', base + 1), await sees(lab, 'carol', base, 'server', base + 1)],
        base,
      ),
  },
  {
    name: 'UDP, unasked datagram first, then ours to there',
    run: async (lab, base) => {
      await lab.bind('alice', base)
      const unasked = await reaches(lab, 'server', base + 1, `boxA:${base}`, base)
      return `${unasked}, then ${pattern([await sees(lab, 'alice', base, 'server', base + 1)], base)}`
    },
  },
  {
    name: 'UDP, unasked datagram first, then ours to elsewhere',
    run: async (lab, base) => {
      await lab.send('server', base + 1, `boxA:${base}`)
      return pattern([await sees(lab, 'alice', base, 'other', base + 1)], base)
    },
  },
  {
    name: 'UDP, mapping after 1.5 s and after 2.5 s of silence',
    run: async (lab, base) => {
      const first = await sees(lab, 'alice', base, 'server', base + 1)
      await lab.wait(LAB_UDP_IDLE_MS - 500)
      const early = await reaches(lab, 'server', base + 1, first, base)
      await lab.wait(LAB_UDP_IDLE_MS + 500)
      return `${early} ${await reaches(lab, 'server', base + 1, first, base)}`
    },
  },
  {
    name: 'UDP, kept alive from outside alone for 4.5 s',
    run: async (lab, base) => {
      const door = await sees(lab, 'alice', base, 'server', base + 1)
      const outcomes: string[] = []
      for (let round = 0; round < 3; round++) {
        await lab.wait(LAB_UDP_IDLE_MS - 500)
        outcomes.push(await reaches(lab, 'server', base + 1, door, base))
      }
      return outcomes.join(' ')
    },
  },
  {
    name: 'UDP, what was poisoned is well after 2.5 s',
    run: async (lab, base) => {
      await lab.send('server', base + 1, `boxA:${base}`)
      await lab.wait(LAB_UDP_IDLE_MS + 500)
      return pattern([await sees(lab, 'alice', base, 'server', base + 1)], base)
    },
  },
  {
    name: 'UDP, from one host behind the box to another by its outside',
    isForManyHosts: true,
    run: async (lab, base) => {
      const door = await sees(lab, 'alice', base, 'server', base + 1)
      await lab.send('carol', base + 2, door)
      return (await lab.heard('alice', base)).length > 0 ? 'in' : 'out'
    },
  },
  {
    name: 'TCP mapping: two ports of a server, another server',
    run: async (lab, base) => {
      const seen: string[] = []
      for (const [target, port] of [
        ['server', base + 1],
        ['server', base + 2],
        ['other', base + 1],
      ] as const) {
        await lab.listen(target, port)
        await lab.connect('alice', base, `${target}:${port}`)
        seen.push((await lab.heard(target, port)).join(' ') || 'nothing')
      }
      return pattern(seen, base)
    },
  },
  {
    name: 'TCP, SYN from another port to an open mapping',
    run: async (lab, base) => {
      await lab.listen('server', base + 1)
      await lab.connect('alice', base, `server:${base + 1}`)
      const [door = 'nothing'] = await lab.heard('server', base + 1)
      return await lab.connect('server', base + 2, door)
    },
  },
  {
    name: 'TCP, unasked SYN first, then ours to there',
    run: async (lab, base) => {
      const unasked = await lab.connect('server', base + 1, `boxA:${base}`)
      await lab.listen('server', base + 1)
      const ours = await lab.connect('alice', base, `server:${base + 1}`)
      return `${unasked}, then ${ours} ${pattern(await lab.heard('server', base + 1), base)}`
    },
  },
  {
    name: 'TCP to a port that refuses, then again',
    run: async (lab, base) => {
      const first = await lab.connect('alice', base, `server:${base + 1}`)
      await lab.listen('server', base + 1)
      const second = await lab.connect('alice', base, `server:${base + 1}`)
      return `${first}, then ${second} ${pattern(await lab.heard('server', base + 1), base)}`
    },
  },
]
