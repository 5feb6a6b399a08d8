import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DhtSwitch, dhtRole } from '../../../src/os/libp2p-dht-mode.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

test('auto is a client when private or when it listens nowhere; else a server, so that LANs have some', () => {
  for (const [reachability, listens, role] of [
    ['unknown', true, 'server'],
    ['public', true, 'server'],
    ['private', true, 'client'],
    ['unknown', false, 'client'],
    ['public', false, 'client'],
  ] as const) {
    assert.equal(dhtRole('auto', { reachability, listens, isBeingFoundOut: false }), role)
  }
  assert.equal(dhtRole('server', { reachability: 'private', listens: false, isBeingFoundOut: true }), 'server')
  assert.equal(dhtRole('client', { reachability: 'public', listens: true, isBeingFoundOut: false }), 'client')
})

test('while it is being found out whether strangers can dial it, a node is a client', () => {
  assert.equal(dhtRole('auto', { reachability: 'unknown', listens: true, isBeingFoundOut: true }), 'client')
  assert.equal(dhtRole('auto', { reachability: 'public', listens: true, isBeingFoundOut: true }), 'server')
})

test('changes come one after the other, what is so already is none, and a failure is told', async () => {
  const set: string[] = []
  const logger = new RecordingLogger()
  const dht = new DhtSwitch(
    {
      setMode: async (mode) => {
        set.push(mode)
        if (set.length === 3) {
          throw new Error('it stops')
        }
      },
    },
    'server',
    logger,
  )
  dht.set('server')
  dht.set('client')
  dht.set('client')
  await dht.settled()
  assert.deepEqual(set, ['client'])
  dht.set('server')
  await dht.settled()
  dht.set('client')
  await dht.settled()
  assert.deepEqual(set, ['client', 'server', 'client'])
})
