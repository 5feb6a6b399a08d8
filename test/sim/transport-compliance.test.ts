// libp2p's own compliance suite for transports on the simulated one, in real time. The suite is written for mocha and takes
// its assertions from aegir, for which test/shims/aegir stands in (overrides in package.json).
import { afterEach, describe, it, type TestContext } from 'node:test'
import transportCompliance from '@libp2p/interface-compliance-tests/transport'
import { natChain } from '../../sim/nat/presets.ts'
import { SimNetwork } from '../../sim/network/network.ts'
import type { Scheduler } from '../../sim/network/scheduler.ts'
import { simulatedTcp } from '../../sim/network/simulated-tcp.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'

type MochaTest = (this: { timeout(ms: number): void; skip(): void }) => void | Promise<void>

const realTime: Scheduler = {
  now: () => performance.now(),
  schedule: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}

const links = { latency: { law: 'constant', ms: 1 }, jitterMs: 0, loss: 0, bytesPerSecond: 1e8 } as const

const isTcp = (address: { toString(): string }): boolean =>
  /^\/ip4\/[^/]+\/tcp\/\d+(\/p2p\/\w+)?$/.test(String(address))
const tcpMatcher = { matches: isTcp, exactMatch: isTcp }

Object.assign(globalThis, {
  describe,
  afterEach,
  it: (title: string, run: MochaTest) =>
    it(title, (context: TestContext) => run.call({ timeout: () => {}, skip: () => context.skip() })),
})

transportCompliance({
  async setup() {
    const network = new SimNetwork(realTime, links, new SeededRandom(1))
    // libp2p tells private addresses at once, public ones only when they have been verified: both are in one office.
    const [dialer, listener] = ['dialer', 'listener'].map((name) => network.addHost(name, natChain('office')))
    return {
      dialer: { transports: [simulatedTcp(dialer!)], connectionMonitor: { enabled: false } },
      listener: {
        transports: [simulatedTcp(listener!)],
        addresses: { listen: ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/tcp/4002'] },
        connectionMonitor: { enabled: false },
      },
      dialMultiaddrMatcher: tcpMatcher as never,
      listenMultiaddrMatcher: tcpMatcher as never,
    }
  },
  async teardown() {},
})
