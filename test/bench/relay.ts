import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import type { ReachReport } from '../../src/system/network.ts'
import { bootstrapAddress } from '../support/libp2p-world.ts'
import { ECHO_PROTOCOL, RelayWorld, until } from '../support/relay-world.ts'

/** One relay on one core, by issue 6: 500 reservations, 200 messages a second, 300 MB. */
const RESERVATIONS = 500
const MESSAGES_PER_SECOND = 200
const MEMORY_LIMIT_MB = 300
/** Pairs that talk; everybody else only holds a place. */
const PAIRS = 50
/** A chat message as the stanza protocol sends it, and what acknowledges it. */
const MESSAGE_BYTES = 300
const ACKNOWLEDGEMENT_BYTES = 30
const WARM_UP_SECONDS = 5
const MEASURED_SECONDS = 20
const JOINING_AT_ONCE = 5

/** What the relay tells of itself. */
interface Usage {
  readonly cpuMs: number
  readonly relaying: ReachReport['relaying']
}

async function serve(): Promise<void> {
  const relay = await new RelayWorld().relay({ reach: { maxReservations: RESERVATIONS } })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMs: (user + system) / 1000, relaying: relay.reach().relaying } satisfies Usage)
  })
  process.send?.(bootstrapAddress(relay))
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  child.send('usage')
  const [usage] = await once(child, 'message')
  return usage
}

/** Resident memory now and at its highest, in MB. */
function memoryOf({ pid }: ChildProcess): { readonly nowMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') }
}

/** A member that has reserved at the relay and acknowledges what it gets. */
async function join(world: RelayWorld, relayAddress: string): Promise<Libp2p> {
  const peer = await world.member({
    addresses: { listen: [`${relayAddress}/p2p-circuit`] },
    transports: [tcp(), circuitRelayTransport()],
  })
  await peer.unhandle(ECHO_PROTOCOL)
  await peer.handle(
    ECHO_PROTOCOL,
    (stream) => {
      stream.addEventListener('message', () => stream.send(new Uint8Array(ACKNOWLEDGEMENT_BYTES)))
    },
    { runOnLimitedConnection: true },
  )
  return peer
}

async function joinAll(world: RelayWorld, relayAddress: string): Promise<Libp2p[]> {
  const peers: Libp2p[] = []
  while (peers.length < RESERVATIONS) {
    const joining = Array.from({ length: JOINING_AT_ONCE }, () => join(world, relayAddress))
    peers.push(...(await Promise.all(joining)))
  }
  return peers
}

/** Sends messages over the streams in turn for so long; the round trips in milliseconds. */
async function talk(streams: readonly Stream[], seconds: number): Promise<number[]> {
  const times: number[] = []
  const sentMs = new Map<Stream, number[]>(streams.map((stream) => [stream, []]))
  const listeners = streams.map((stream) => {
    const onMessage = ({ data }: { data: { byteLength: number } }): void => {
      for (let left = data.byteLength; left > 0; left -= ACKNOWLEDGEMENT_BYTES) {
        times.push(performance.now() - (sentMs.get(stream)?.shift() ?? 0))
      }
    }
    stream.addEventListener('message', onMessage)
    return () => stream.removeEventListener('message', onMessage)
  })
  const beganMs = performance.now()
  for (let sent = 0; sent < seconds * MESSAGES_PER_SECOND; sent++) {
    const waitMs = beganMs + (sent * 1000) / MESSAGES_PER_SECOND - performance.now()
    if (waitMs > 1) {
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    const stream = streams[sent % streams.length]
    if (stream !== undefined) {
      sentMs.get(stream)?.push(performance.now())
      stream.send(new Uint8Array(MESSAGE_BYTES))
    }
  }
  await until(() => times.length === seconds * MESSAGES_PER_SECOND, 30_000)
  for (const stop of listeners) {
    stop()
  }
  return times.sort((one, other) => one - other)
}

function line(what: string, value: string, limit = ''): void {
  console.log(`${what.padEnd(44)} ${value.padStart(12)}${limit === '' ? '' : `   ${limit}`}`)
}

async function main(): Promise<void> {
  const child = fork(import.meta.filename, ['relay'])
  const world = new RelayWorld()
  try {
    const [relayAddress] = (await once(child, 'message')) as [string]
    const alone = memoryOf(child)
    const [before, beganMs] = [await usageOf(child), performance.now()]
    const peers = await joinAll(world, relayAddress)
    const [joined, joinedMs] = [await usageOf(child), performance.now()]
    line('reservations', String(joined.relaying?.reservations), `wanted ${RESERVATIONS}`)
    line('a reservation, CPU of the relay', `${((joined.cpuMs - before.cpuMs) / RESERVATIONS).toFixed(1)} ms`)
    line('all of them took', `${((joinedMs - beganMs) / 1000).toFixed(0)} s`)
    const streams: Stream[] = []
    for (let pair = 0; pair < PAIRS; pair++) {
      const [romeo, juliet] = [peers[2 * pair], peers[2 * pair + 1]]
      const connection = await romeo?.dial(multiaddr(`${relayAddress}/p2p-circuit/p2p/${juliet?.peerId}`))
      streams.push(...(connection === undefined ? [] : [await connection.newStream(ECHO_PROTOCOL)]))
    }
    const idle = await usageOf(child)
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_SECONDS * 1000))
    const rested = await usageOf(child)
    await talk(streams, WARM_UP_SECONDS)
    const [from, fromMs] = [await usageOf(child), performance.now()]
    const times = await talk(streams, MEASURED_SECONDS)
    const [to, toMs] = [await usageOf(child), performance.now()]
    const { nowMb, peakMb } = memoryOf(child)
    const share = (100 * (to.cpuMs - from.cpuMs)) / (toMs - fromMs)
    line('circuits', String(to.relaying?.circuits), `${PAIRS} pairs`)
    line(
      'messages a second, acknowledged',
      String(Math.round((times.length * 1000) / (toMs - fromMs))),
      `wanted ${MESSAGES_PER_SECOND}`,
    )
    line('round trip, median', `${times[Math.floor(times.length / 2)]?.toFixed(1)} ms`)
    line('round trip, 99 %', `${times[Math.floor(times.length * 0.99)]?.toFixed(1)} ms`)
    line(
      'CPU of the relay, idle with reservations',
      `${((rested.cpuMs - idle.cpuMs) / (10 * WARM_UP_SECONDS)).toFixed(1)} %`,
    )
    line('CPU of the relay, with messages', `${share.toFixed(1)} %`, 'limit 100 % of one core')
    line('memory before anybody came', `${alone.nowMb.toFixed(0)} MB`)
    line('memory', `${nowMb.toFixed(0)} MB`)
    line('memory at its highest', `${peakMb.toFixed(0)} MB`, `limit ${MEMORY_LIMIT_MB} MB`)
    process.exitCode = joined.relaying?.reservations === RESERVATIONS && peakMb <= MEMORY_LIMIT_MB ? 0 : 1
  } finally {
    child.kill('SIGKILL')
    process.exit()
  }
}

await (process.argv[2] === 'relay' ? serve() : main())
