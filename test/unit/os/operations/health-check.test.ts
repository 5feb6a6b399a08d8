import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStore } from '../../../../sim/system/memory-store.ts'
import { HealthCheck } from '../../../../src/os/operations/health-check.ts'
import type { NodeFigures } from '../../../../src/os/operations/node-figures.ts'
import { datastoreTable } from '../../../../src/system/datastore-table.ts'
import { type Store, StoreError } from '../../../../src/system/store.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

function figures(addresses: readonly string[] = ['/ip4/127.0.0.1/tcp/1']): () => NodeFigures {
  return () => ({ addresses }) as unknown as NodeFigures
}

function openStore(): Store {
  return new MemoryStore({ version: 1, tables: [datastoreTable], upgrades: [] })
}

describe('a node is well', () => {
  it('when it has started, listens and can write', async () => {
    const health = new HealthCheck(openStore(), new VirtualClock())
    assert.deepEqual(await health.check(), { status: 'failing', reason: 'the node has not started yet' })
    health.started(figures())
    assert.deepEqual(await health.check(), { status: 'ok' })
  })

  it('not when it listens nowhere', async () => {
    const health = new HealthCheck(openStore(), new VirtualClock())
    health.started(figures([]))
    assert.deepEqual(await health.check(), { status: 'failing', reason: 'the network listens nowhere' })
  })

  it('not while it drains', async () => {
    const health = new HealthCheck(openStore(), new VirtualClock())
    health.started(figures())
    health.draining()
    assert.match(JSON.stringify(await health.check()), /stopping/)
  })

  it('not while its disk is full, and again when there is room; asking often writes seldom', async () => {
    const clock = new VirtualClock()
    const store = openStore()
    let writes = 0
    let isFull = true
    const transaction: Store['transaction'] = (fn) => {
      writes += 1
      return isFull ? Promise.reject(new StoreError('full', 'the disk is full')) : store.transaction(fn)
    }
    const health = new HealthCheck({ transaction, read: store.read, close: () => store.close() }, clock)
    health.started(figures())
    for (let asked = 0; asked < 10; asked++) {
      assert.deepEqual(await health.check(), { status: 'failing', reason: 'the store: the disk is full' })
    }
    assert.equal(writes, 1)
    isFull = false
    await clock.advance(2_001)
    assert.deepEqual(await health.check(), { status: 'ok' })
    assert.equal(writes, 2)
  })
})
