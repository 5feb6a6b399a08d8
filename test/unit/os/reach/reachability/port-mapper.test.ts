import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PortMapper } from '../../../../../src/os/reach/reachability/port-mapper.ts'
import { type PortMapping, type Router, RouterRefusal } from '../../../../../src/os/reach/reachability/router.ts'
import { RecordingLogger } from '../../../../support/recording-logger.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

const mapping = (externalIp: string): PortMapping => ({
  externalIp,
  externalPort: 20_001,
  internalPort: 4_001,
  lifetimeS: 3_600,
})

/** A mapper whose router does what `map` says. */
function mapperOf(map: ((calls: number) => PortMapping) | undefined) {
  const clock = new VirtualClock()
  const calls = { map: 0, unmap: 0, search: 0, changes: 0 }
  const router: Router = {
    name: 'UPnP at 192.168.1.1',
    map: async () => {
      calls.map += 1
      return map!(calls.map)
    },
    unmap: async () => {
      calls.unmap += 1
    },
  }
  const mapper = new PortMapper({
    clock,
    logger: new RecordingLogger(),
    listening: () => ({ port: 4_001, addresses: ['192.168.1.2'] }),
    findRouters: async () => {
      calls.search += 1
      return map === undefined ? [] : [router]
    },
    onChange: () => {
      calls.changes += 1
    },
  })
  return { clock, calls, mapper }
}

test('a mapped port is told, renewed at the half of its time, and given back in the end', async () => {
  const { clock, calls, mapper } = mapperOf(() => mapping('9.9.9.9'))
  await clock.advance(0)
  assert.deepEqual(mapper.report(), { state: 'mapped', address: '/ip4/9.9.9.9/tcp/20001' })
  assert.equal(String(mapper.address()), '/ip4/9.9.9.9/tcp/20001')
  await clock.advance(1_800_000)
  assert.deepEqual([calls.map, calls.search], [2, 1])
  await mapper.stop()
  assert.equal(calls.unmap, 1)
})

test('a router behind another NAT is of no use, and it is said why', async () => {
  for (const outside of ['100.64.3.4', '192.168.0.2', '']) {
    const { clock, mapper } = mapperOf(() => mapping(outside))
    await clock.advance(0)
    const { state, reason } = mapper.report()
    assert.equal(state, 'refused')
    assert.match(reason ?? '', /behind another NAT/)
    assert.equal(mapper.address(), undefined)
    await mapper.stop()
  }
})

test('a refusal is told with its reason and asked again later; without a router it is searched again later', async () => {
  const refusing = mapperOf(() => {
    throw new RouterRefusal('error 606, Action not authorized')
  })
  await refusing.clock.advance(0)
  assert.deepEqual(refusing.mapper.report(), {
    state: 'refused',
    reason: 'UPnP at 192.168.1.1: error 606, Action not authorized',
  })
  await refusing.clock.advance(600_000)
  assert.equal(refusing.calls.map, 2)
  const alone = mapperOf(undefined)
  await alone.clock.advance(0)
  assert.deepEqual(alone.mapper.report(), { state: 'no-router' })
  await alone.clock.advance(600_000)
  assert.equal(alone.calls.search, 2)
  await Promise.all([refusing.mapper.stop(), alone.mapper.stop()])
})

test('a router that forgets to answer a renewal is searched anew soon; on another network at once', async () => {
  const { clock, calls, mapper } = mapperOf((call) => {
    if (call === 2) {
      throw new Error('it does not answer')
    }
    return mapping('9.9.9.9')
  })
  await clock.advance(1_800_000)
  assert.equal(mapper.report().state, 'no-router')
  await clock.advance(60_000)
  assert.deepEqual([mapper.report().state, calls.search], ['mapped', 2])
  mapper.restart()
  await clock.advance(0)
  assert.equal(calls.search, 3)
  await mapper.stop()
})
