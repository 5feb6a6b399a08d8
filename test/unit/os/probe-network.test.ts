import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Libp2pNetwork } from '../../../src/os/libp2p-network.ts'
import type { Libp2pNetworkInit } from '../../../src/os/libp2p-network-init.ts'
import { servePeerTime } from '../../../src/os/peer-time.ts'
import { ProbeNetwork } from '../../../src/os/probe-network.ts'
import { bootstrapAddress, loopbackNetwork } from '../../support/libp2p-world.ts'

const HOUR_MS = 3_600_000

async function peer(
  t: TestContext,
  init: Partial<Libp2pNetworkInit>,
  prepare: (network: Libp2pNetwork) => void = () => {},
): Promise<string> {
  const network = loopbackNetwork(init)
  t.after(() => network.stop())
  prepare(network)
  await network.start()
  return bootstrapAddress(network)
}

async function probe(t: TestContext, address: string): ReturnType<ProbeNetwork['probe']> {
  const network = new ProbeNetwork({ bootstrap: [address], listen: undefined })
  t.after(() => network.stop())
  await network.start()
  return await network.probe(address)
}

describe('a probe of a peer', () => {
  it('learns what time it is there', async (t) => {
    const aheadMs = 26 * HOUR_MS
    const clock = { wallMs: () => Date.now() + aheadMs }
    const address = await peer(t, {}, (network) => servePeerTime(network, clock))
    const found = await probe(t, address)
    assert.equal(found.outcome, 'ok')
    const told = found.outcome === 'ok' ? Number(found.clockAheadMs) : 0
    // Within what a busy machine may take to answer.
    assert.ok(Math.abs(told - aheadMs) < 60_000, `${told} ms`)
  })

  it('takes no time from one that tells too much or too little', async (t) => {
    for (const length of [7, 9, 100_000]) {
      const limits = { maxInboundStreamsPerPeer: 2, maxOutboundStreamsPerPeer: 2 }
      const address = await peer(t, {}, (network) =>
        network.handle(
          '/kabber/time/1.0.0',
          async (stream) => {
            await stream.sink(
              (async function* () {
                yield new Uint8Array(length)
              })(),
            )
            await stream.close()
          },
          limits,
        ),
      )
      assert.equal((await probe(t, address)).outcome, 'no-answer')
    }
  })

  it('knows a node of ours that tells no time', async (t) => {
    const address = await peer(t, { dhtMode: 'server' })
    assert.deepEqual(await probe(t, address), { outcome: 'ok', clockAheadMs: undefined })
  })

  it('knows one that speaks none of our protocols', async (t) => {
    const address = await peer(t, { dhtMode: 'client' })
    assert.deepEqual(await probe(t, address), { outcome: 'wrong-version' })
  })

  it('finds nobody where somebody else is', async (t) => {
    const address = await peer(t, {})
    const [another] = [loopbackNetwork()]
    const wrong = address.replace(/\/p2p\/.*/, `/p2p/${another.peerId}`)
    assert.equal((await probe(t, wrong)).outcome, 'no-answer')
  })
})
