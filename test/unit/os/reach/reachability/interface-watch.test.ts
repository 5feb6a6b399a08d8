import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type InterfaceChange,
  InterfaceWatch,
  machineAddresses,
} from '../../../../../src/os/reach/reachability/interface-watch.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

test('an address that comes or goes is told once, within seconds; nothing is told after the stop', async () => {
  const clock = new VirtualClock()
  const changes: InterfaceChange[] = []
  let addresses = ['192.168.1.2', '2a00::1']
  const watch = new InterfaceWatch({ clock, addresses: () => addresses }, (change) => changes.push(change))
  await clock.advance(60_000)
  assert.deepEqual(changes, [])
  addresses = ['10.0.0.7', '2a00::1']
  await clock.advance(60_000)
  assert.deepEqual(changes, [{ added: ['10.0.0.7'], removed: ['192.168.1.2'] }])
  await watch.stop()
  addresses = []
  await clock.advance(60_000)
  assert.equal(changes.length, 1)
})

test('loopback and addresses of one link only are no addresses of the machine', () => {
  for (const address of machineAddresses()) {
    assert.doesNotMatch(address, /^(127\.|169\.254\.|::1$|fe[89ab])/i)
  }
})
