import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import type { NodeFigures } from '../../../../src/os/operations/node-figures.ts'
import { NodeMetrics } from '../../../../src/os/operations/node-metrics.ts'
import { DASHBOARD_QUERIES, DASHBOARD_VARIABLES, metricsIn, metricsOf } from '../../../support/dashboard.ts'
import { loopbackNetwork, when } from '../../../support/libp2p-world.ts'

const FIGURES: NodeFigures = {
  addresses: ['/ip4/192.0.2.7/tcp/4001'],
  connectedPeers: 7,
  reach: {
    reachability: 'public',
    mapping: 'none',
    observed: [{ address: '/ip4/192.0.2.99/tcp/4001', observers: 3 }],
    portMapping: { state: 'off' },
    relays: [],
    relayRefusal: undefined,
    punches: { tried: 5, succeeded: 3 },
    relaying: {
      reservations: 40,
      maxReservations: 512,
      circuits: 6,
      relayedBytes: 1_000,
      refused: 9,
      refusedFor: { 'too-many': 8, limit: 1 },
    },
  },
  accounts: [{ outboxMessages: 2 }, { outboxMessages: 3 }],
  recordsKept: 11,
  letters: { kept: 12, bytes: 13, limitBytes: 14 },
  refused: { 'frame-too-large': 1 },
}

function metricsOfFigures(figures: NodeFigures = FIGURES): NodeMetrics {
  const metrics = new NodeMetrics({ version: '1.2.3', folder: tmpdir() })
  metrics.observe(() => figures)
  return metrics
}

describe('the metrics of a node', () => {
  it('are what its status says, each time anew', async () => {
    const text = await metricsOfFigures().text()
    for (const line of [
      'kabber_connected_peers 7',
      'kabber_reachability{state="public"} 1',
      'kabber_reachability{state="private"} 0',
      'kabber_relay_reservations 40',
      'kabber_relay_reservations_limit 512',
      'kabber_relay_circuits 6',
      'kabber_relay_bytes_total 1000',
      'kabber_relay_refused_total{reason="too-many"} 8',
      'kabber_punches_total{result="succeeded"} 3',
      'kabber_punches_total{result="failed"} 2',
      'kabber_letters_kept 12',
      'kabber_letters_bytes 13',
      'kabber_storage_limit_bytes 14',
      'kabber_records_kept 11',
      'kabber_outbox_messages 5',
      'kabber_refused_total{reason="frame-too-large"} 1',
      'kabber_build_info{version="1.2.3"} 1',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line} in ${text.slice(0, 2_000)}`)
    }
    assert.match(text, /^process_resident_memory_bytes \d+$/m)
    assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
  })

  it('do not add up when they are asked for twice', async () => {
    const metrics = metricsOfFigures()
    await metrics.text()
    assert.match(await metrics.text(), /^kabber_relay_bytes_total 1000$/m)
  })

  it('are there before the node is, and without what is not known', async () => {
    const text = await new NodeMetrics({ version: '1', folder: tmpdir() }).text()
    assert.doesNotMatch(text, /^kabber_build_info\{/m)
    assert.match(text, /^process_start_time_seconds /m)
    const none = await metricsOfFigures({ ...FIGURES, reach: { ...FIGURES.reach, relaying: undefined } }).text()
    assert.match(none, /^kabber_relay_reservations 0$/m)
  })

  it('name neither addresses nor peers, and are all that the dashboard asks for', async (t) => {
    const metrics = metricsOfFigures()
    const [alice, bob] = [loopbackNetwork({ metrics: metrics.libp2p }), loopbackNetwork()]
    t.after(() => Promise.all([alice.stop(), bob.stop()]))
    await bob.start()
    await alice.start()
    const signal = AbortSignal.timeout(10_000)
    const stream = await alice.dial({ peerId: bob.peerId, addresses: bob.addresses() }, '/ipfs/ping/1.0.0', signal)
    await stream.close()
    await when(alice, () => alice.connectedPeers().length === 1)
    const text = await metrics.text()
    assert.match(text, /^libp2p_data_transfer_bytes_total\{protocol="[^"]+"\} \d+$/m)
    // An own listening address is a label of libp2p's; of others there is nothing.
    const isOwn = (line: string): boolean =>
      alice.addresses().some((own) => line.includes(String(own.split('/').at(-1))))
    const lines = text.split('\n').filter((line) => !isOwn(line))
    assert.deepEqual(
      lines.filter((line) => /12D3KooW|192\.0\.2\.|127\.0\.0\.1/.test(line)),
      [],
    )
    const known = metricsOf(text)
    const asked = [...DASHBOARD_QUERIES, ...DASHBOARD_VARIABLES].flatMap(metricsIn)
    assert.ok(asked.length >= 20)
    assert.deepEqual(
      asked.filter((name) => !known.has(name)),
      [],
    )
    for (const query of DASHBOARD_QUERIES) {
      assert.ok(metricsIn(query).length > 0, query)
    }
  })
})
