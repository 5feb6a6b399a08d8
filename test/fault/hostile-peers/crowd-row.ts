import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import type { HostileConnection } from '../../support/hostile-peer.ts'
import type { Row } from '../hostile/row.ts'
import type { VictimNode } from '../hostile/world.ts'
import { type Attackers, percentiles } from './attackers.ts'

const CONNECTIONS = 1_000
const WARM_UP_CONNECTIONS = 200
const SETTLE_MS = 1_000
const PEER_IDS = 50
/** Of the node: `MAX_CONNECTIONS`, some half-open ones, and its own doors. */
const SOCKETS_MAX = 400
const STREAMS = 10_000
/** From a public address the gate lets in 10 a second; loopback has no such bound. */
const AT_ONCE = 8
/** In one go; all at once they are in one turn of the node's event loop, which is the sum of many inputs and no stall by one. */
const STREAMS_AT_ONCE = 200
const HELD_MS = 5_000
const SYN = 1
/** The aim; what fails is more than the head of libp2p-limits.ts would let be held by so many, with garbage. */
const MEMORY_AIM_MIB = 100
const MEMORY_MAX_MIB = 192
const MIB = 1_048_576

/** L1: connections, streams and the beginnings of messages, held. */
export function crowdRow(node: VictimNode, attackers: Attackers): Row {
  return {
    id: 'L1',
    sent: `${CONNECTIONS} connections, half of one peer and half of ${PEER_IDS}, then ${STREAMS} streams with a part of a message on those that were let in, held ${HELD_MS / 1_000} s`,
    must: `an honest peer is answered all the time; memory grows by ≤ ${MEMORY_MAX_MIB} MiB (aim ${MEMORY_AIM_MIB})`,
    run: async () => {
      // The heap of V8 grows once to the size that some connections need, and stays there.
      await leave(await crowd(attackers, WARM_UP_CONNECTIONS))
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      const before = node.residentBytes()
      let letIn = 0
      let during = 0
      let sockets = 0
      const times = await attackers.honestRoundTrips(async () => {
        const open = await crowd(attackers, CONNECTIONS)
        letIn = open.length
        await holdStreams(open)
        await new Promise((resolve) => setTimeout(resolve, HELD_MS))
        during = node.residentBytes()
        sockets = openSockets(node)
        await leave(open)
      })
      const grown = (during - before) / MIB
      const figures = `${letIn} connections open as the peers see it, ${sockets} sockets of the node, memory +${grown.toFixed(0)} MiB, an honest peer ${percentiles(times)}`
      assert.ok(grown <= MEMORY_MAX_MIB, figures)
      assert.ok(sockets <= SOCKETS_MAX, figures)
      return figures
    },
  }
}

/** Sockets that the node has open now, of all kinds. */
function openSockets({ pid }: VictimNode): number {
  const folder = `/proc/${pid}/fd`
  const targets = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(`${folder}/${name}`)
    } catch {
      return ''
    }
  })
  return targets.filter((target) => target.startsWith('socket:')).length
}

/** Those of the connections that the victim has let in and not closed since. */
async function crowd(attackers: Attackers, connections: number): Promise<HostileConnection[]> {
  const one = await attackers.peer()
  const many = await Promise.all(Array.from({ length: PEER_IDS }, () => attackers.peer()))
  const open: HostileConnection[] = []
  for (let made = 0; made < connections; made += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, index) => {
      const peer = index % 2 === 0 ? one : many[(made + index) % PEER_IDS]
      return peer === undefined ? undefined : attackers.connect(peer)
    })
    open.push(...(await Promise.all(batch)).flatMap((connection) => connection ?? []))
  }
  return open.filter(({ connection }) => connection.status === 'open')
}

/** A few at a time, as they came. */
async function leave(open: readonly HostileConnection[]): Promise<void> {
  for (const [index, { connection }] of open.entries()) {
    connection.abort(new Error('the attack is over'))
    if (index % AT_ONCE === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** Streams are opened by hand: libp2p would keep to the limits. Each says the half of a name. */
async function holdStreams(open: readonly HostileConnection[]): Promise<void> {
  const partial = new TextEncoder().encode('\x13/multistream/1.0.0\n\x20/half/a/na')
  for (let made = 0; made < STREAMS && open.length > 0; made++) {
    const connection = open[made % open.length]
    const streamID = 1_000_001 + 2 * Math.floor(made / open.length)
    if (made % STREAMS_AT_ONCE === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    connection?.sendRawFrame({ type: 0, flag: SYN, streamID, length: partial.byteLength }, partial)
  }
}
