import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { connectSocket } from '../../support/client-sockets.ts'
import { HEADER, HostileClient } from './hostile-client.ts'
import { type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const SOCKETS = 1_000
const CONNECTED_AT_ONCE = 100
/** More than may be kept of anybody before login. */
const FLOOD_BYTES = 65_536
/** A little less than that. */
const KEPT_BYTES = 9_000
const CLOSED_AFTER_MAX_MS = 30_000
/** Leave for a busy machine. */
const GRACE_MS = 2_000
/** Of resident memory for a socket before login: 10,000 bytes of what it sent, and Node's own of a socket. Seen: 19 to 20 kB. */
const SOCKET_MAX_BYTES = 40_000
/** Of one wave after others. Seen: 11 to 15 % more, 3 and 2 % more after two waves like it: a heap that settles, no leak. */
const LEFT_MAX_SHARE = 0.25
/** How long the memory may take to come back: the next collections of garbage. */
const SETTLE_MS = 8_000
const DRIP_MS = 100

interface Held {
  readonly socket: Socket
  readonly openedMs: number
  closedAfterMs: number | undefined
  heard: string
}

async function hold(port: number, bytes: string): Promise<Held> {
  const socket = await connectSocket({ host: '127.0.0.1', port })
  const held: Held = { socket, openedMs: performance.now(), closedAfterMs: undefined, heard: '' }
  socket.on('error', () => {})
  socket.on('data', (data: Buffer) => {
    held.heard += data.toString('latin1')
  })
  socket.once('close', () => {
    held.closedAfterMs = performance.now() - held.openedMs
  })
  socket.write(bytes)
  return held
}

async function holdMany(port: number, bytes: string): Promise<Held[]> {
  const all: Held[] = []
  while (all.length < SOCKETS) {
    all.push(...(await Promise.all(Array.from({ length: CONNECTED_AT_ONCE }, () => hold(port, bytes)))))
  }
  return all
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

async function allClosed(held: readonly Held[]): Promise<void> {
  const untilMs = performance.now() + CLOSED_AFTER_MAX_MS + GRACE_MS
  while (held.some(({ closedAfterMs }) => closedAfterMs === undefined) && performance.now() < untilMs) {
    await pause(DRIP_MS)
  }
}

function endingOf({ closedAfterMs, heard }: Held): string {
  return closedAfterMs === undefined
    ? 'not closed'
    : (/<(policy-violation|connection-timeout)/u.exec(heard)?.[1] ?? 'closed')
}

/** X2 and the slow feed of X3: who does not log in. The node has nothing else to do, so that its memory can be measured. */
export function memoryRow(node: VictimNode): Row {
  return {
    id: 'X2',
    sent: `${SOCKETS} sockets with ${FLOOD_BYTES} bytes of an unfinished start tag; ${SOCKETS} with ${KEPT_BYTES} bytes, then idle; one with a byte each ${DRIP_MS} ms`,
    must: `refused at 10,000 bytes; closed within 30 s; ≤ ${SOCKET_MAX_BYTES} bytes of memory each, back within ${100 * LEFT_MAX_SHARE} %; others served`,
    run: async () => {
      const { xmpp } = node.doors
      const open = `${HEADER}<message a='`
      // The heap grows to its size for so many connections once; what is left of later ones is a leak.
      for (const bytes of [FLOOD_BYTES, KEPT_BYTES, KEPT_BYTES]) {
        for (const { socket } of await holdMany(xmpp, open + 'x'.repeat(bytes))) {
          socket.destroy()
        }
      }
      await pause(SETTLE_MS)
      const before = await node.keptBytes()
      const drip = await hold(xmpp, HEADER)
      const dripping = setInterval(() => drip.socket.write(' '), DRIP_MS)
      const flooding = await holdMany(xmpp, open + 'x'.repeat(FLOOD_BYTES))
      const keeping = await holdMany(xmpp, open + 'x'.repeat(KEPT_BYTES))
      await pause(500)
      const during = await node.keptBytes()
      const other = await HostileClient.connect(xmpp)
      await other.open()
      other.destroy()
      await allClosed([...flooding, ...keeping, drip])
      clearInterval(dripping)
      await pause(SETTLE_MS)
      const after = await node.keptBytes()
      const endings = [flooding, keeping, [drip]].map((held) => tally(held.map(endingOf)))
      const each = (during - before) / SOCKETS
      const slowest = Math.max(
        ...[...flooding, ...keeping, drip].map(({ closedAfterMs }) => closedAfterMs ?? Number.POSITIVE_INFINITY),
      )
      const figures = `${endings.join('; ')}; the last after ${(slowest / 1_000).toFixed(1)} s; RSS ${mib(before)}, with them ${mib(during)} (${Math.round(each)} B each), afterwards ${mib(after)} MiB`
      assert.deepEqual(
        endings,
        [`policy-violation × ${SOCKETS}`, `connection-timeout × ${SOCKETS}`, 'connection-timeout'],
        figures,
      )
      assert.ok(slowest <= CLOSED_AFTER_MAX_MS + GRACE_MS, figures)
      assert.ok(each <= SOCKET_MAX_BYTES && after <= before * (1 + LEFT_MAX_SHARE), figures)
      return figures
    },
  }
}

function mib(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
