import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { LetterSyncs, type SyncResult, type SyncTask } from '../../../src/node/letter-syncs.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

describe('syncs of mailboxes', () => {
  let clock: VirtualClock
  let settled: [string, SyncResult][]
  let running: number
  let most: number
  let rounds: number

  beforeEach(() => {
    clock = new VirtualClock()
    settled = []
    running = 0
    most = 0
    rounds = 0
  })

  /** Each sync takes `takesMs`, or until it is given up: then it is silent. */
  function syncsThat(takesMs: number, result: SyncResult = 'synced'): LetterSyncs {
    return new LetterSyncs(
      { clock, logger: new RecordingLogger() },
      {
        synchronise: async (_task, signal) => {
          rounds++
          most = Math.max(most, ++running)
          try {
            await clock.sleep(takesMs, signal)
            return result
          } catch {
            return 'silent'
          } finally {
            running--
          }
        },
        settled: ({ mailbox }, outcome) => settled.push([mailbox, outcome]),
      },
    )
  }

  const task = (mailbox: string): SyncTask => ({ mailbox, peerId: 'alice' })

  it('runs eight at a time, all in the end, in order, none twice at once', async () => {
    const syncs = syncsThat(100)
    const names = Array.from({ length: 50 }, (_, i) => `mailbox ${i}`)
    for (const name of [...names, ...names]) {
      syncs.add(task(name))
    }
    await clock.advance(1000)
    assert.deepEqual(
      settled,
      names.map((name) => [name, 'synced']),
    )
    assert.equal(most, 8)
    assert.equal(syncs.isIdle, true)
    syncs.add(task('mailbox 0'))
    await clock.advance(1000)
    assert.equal(settled.length, 51)
    assert.equal(clock.pendingTimers, 0)
  })

  it('repeats one during which a letter was deposited, and does not take it for complete for ever', async () => {
    const syncs = syncsThat(100)
    syncs.add(task('bob'))
    await clock.advance(50)
    syncs.deposited('carol')
    syncs.deposited('bob')
    await clock.advance(100)
    assert.deepEqual([settled, rounds], [[], 2])
    await clock.advance(100)
    assert.deepEqual(settled, [['bob', 'synced']])
    syncs.add(task('bob'))
    for (let i = 0; i < 10; i++) {
      await clock.advance(50)
      syncs.deposited('bob')
    }
    assert.deepEqual(settled.slice(1), [['bob', 'incomplete']])
    assert.equal(rounds, 2 + 4)
  })

  it('gives up one that takes more than five minutes', async () => {
    const syncs = syncsThat(3_600_000)
    syncs.add(task('bob'))
    await clock.advance(300_000)
    assert.deepEqual(settled, [['bob', 'silent']])
  })

  it('leaves what is too much to the next round', async () => {
    const syncs = syncsThat(1)
    for (let i = 0; i < 5000; i++) {
      syncs.add(task(`mailbox ${i}`))
    }
    await clock.advance(10_000)
    assert.equal(settled.length, 8 + 4096)
  })

  it('ends all at once when it stops, tells nobody, and begins nothing more', async () => {
    const syncs = syncsThat(1000)
    for (let i = 0; i < 20; i++) {
      syncs.add(task(`mailbox ${i}`))
    }
    await clock.advance(10)
    await clock.run(syncs.stop())
    syncs.add(task('late'))
    await clock.advance(10_000)
    assert.deepEqual([settled, rounds, running, clock.pendingTimers], [[], 8, 0, 0])
  })
})
