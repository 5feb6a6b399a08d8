import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { type AfterHooks, RunningKabber } from '../support/kabber-process.ts'
import { ECHO_PROTOCOL, RelayWorld, until } from '../support/relay-world.ts'
import { runStandalone } from '../support/standalone.ts'

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
/** It takes a minute. */
const LIMIT_MS = 300_000

/** A relay as an operator runs it, with its metrics. */
interface Relay {
  readonly process: RunningKabber
  /** Multiaddr with its PeerId. */
  readonly address: string
  /** `host:port`. */
  readonly metrics: string
}

async function startRelay(hooks: AfterHooks): Promise<Relay> {
  const home = mkdtempSync(join(tmpdir(), 'kabber-bench-relay-'))
  hooks.after(() => rmSync(home, { recursive: true, force: true }))
  const relayed = ['relay', '--listen', '/ip4/127.0.0.1/tcp/0', '--metrics', '127.0.0.1:0']
  const running = new RunningKabber(hooks, ['--json', '--home', home, ...relayed])
  const { addresses, metrics } = await running.line(({ event }) => event === 'ready')
  return { process: running, address: (addresses as string[])[0] ?? '', metrics: String(metrics) }
}

/** A number of its metrics. */
async function metricOf({ metrics }: Relay, name: string): Promise<number> {
  const text = await (await fetch(`http://${metrics}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

/** CPU time that it has taken, milliseconds. */
async function cpuMsOf(relay: Relay): Promise<number> {
  return 1_000 * (await metricOf(relay, 'process_cpu_seconds_total'))
}

/** Resident memory now and at its highest, in MB. */
function memoryOf({ process: { pid } }: Relay): { readonly nowMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') }
}

/** A member that has reserved at the relay and acknowledges what it gets. */
async function reserved(world: RelayWorld, relayAddress: string): Promise<Libp2p> {
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
    const joining = Array.from({ length: JOINING_AT_ONCE }, () => reserved(world, relayAddress))
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

async function measure(hooks: AfterHooks): Promise<number> {
  const relay = await startRelay(hooks)
  const world = new RelayWorld()
  const alone = memoryOf(relay)
  const [beforeMs, beganMs] = [await cpuMsOf(relay), performance.now()]
  const peers = await joinAll(world, relay.address)
  const [joinedCpuMs, joinedMs] = [await cpuMsOf(relay), performance.now()]
  const reservations = await metricOf(relay, 'kabber_relay_reservations')
  line('reservations', String(reservations), `wanted ${RESERVATIONS}`)
  line('a reservation, CPU of the relay', `${((joinedCpuMs - beforeMs) / RESERVATIONS).toFixed(1)} ms`)
  line('all of them took', `${((joinedMs - beganMs) / 1000).toFixed(0)} s`)
  const streams: Stream[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const [romeo, juliet] = [peers[2 * pair], peers[2 * pair + 1]]
    const connection = await romeo?.dial(multiaddr(`${relay.address}/p2p-circuit/p2p/${juliet?.peerId}`))
    streams.push(...(connection === undefined ? [] : [await connection.newStream(ECHO_PROTOCOL)]))
  }
  const idleMs = await cpuMsOf(relay)
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_SECONDS * 1000))
  const restedMs = await cpuMsOf(relay)
  await talk(streams, WARM_UP_SECONDS)
  const [fromCpuMs, fromMs] = [await cpuMsOf(relay), performance.now()]
  const times = await talk(streams, MEASURED_SECONDS)
  const [toCpuMs, toMs] = [await cpuMsOf(relay), performance.now()]
  const { nowMb, peakMb } = memoryOf(relay)
  const share = (100 * (toCpuMs - fromCpuMs)) / (toMs - fromMs)
  line('circuits', String(await metricOf(relay, 'kabber_relay_circuits')), `${PAIRS} pairs`)
  line(
    'messages a second, acknowledged',
    String(Math.round((times.length * 1000) / (toMs - fromMs))),
    `wanted ${MESSAGES_PER_SECOND}`,
  )
  line('round trip, median', `${times[Math.floor(times.length / 2)]?.toFixed(1)} ms`)
  line('round trip, 99 %', `${times[Math.floor(times.length * 0.99)]?.toFixed(1)} ms`)
  line('CPU of the relay, idle with reservations', `${((restedMs - idleMs) / (10 * WARM_UP_SECONDS)).toFixed(1)} %`)
  line('CPU of the relay, with messages', `${share.toFixed(1)} %`, 'limit 100 % of one core')
  line('memory before anybody came', `${alone.nowMb.toFixed(0)} MB`)
  line('memory', `${nowMb.toFixed(0)} MB`)
  line('memory at its highest', `${peakMb.toFixed(0)} MB`, `limit ${MEMORY_LIMIT_MB} MB`)
  return reservations === RESERVATIONS && peakMb <= MEMORY_LIMIT_MB ? 0 : 1
}

await runStandalone(LIMIT_MS, measure)
