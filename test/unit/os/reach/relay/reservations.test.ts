import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { RESERVATION_MS } from '../../../../../src/os/reach/relay/relay-limits.ts'
import { Reservations } from '../../../../../src/os/reach/relay/reservations.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

function from(address: string): { id: string; remoteAddr: ReturnType<typeof multiaddr> } {
  return { id: address, remoteAddr: multiaddr(`/ip4/${address}/tcp/4001`) }
}

test('500 peers of different networks have a place at a relay with 500, and the next is told that it is full', () => {
  const places = new Reservations(new VirtualClock(), 500)
  for (let peer = 0; peer < 500; peer++) {
    assert.equal(places.reserve(`${peer}`, from(`45.${peer >> 8}.${peer & 255}.1`)), 'ok')
  }
  assert.equal(places.size, 500)
  assert.equal(places.reserve('another', from('46.0.0.1')), 'full')
  assert.equal(places.reserve('17', from('46.0.0.1')), 'ok', 'who has a place keeps it')
  places.delete('17')
  assert.equal(places.reserve('another', from('46.0.0.1')), 'ok')
})

test('one /24 gets an eighth of the places, private addresses as many as there are', () => {
  const places = new Reservations(new VirtualClock(), 100)
  const given = Array.from({ length: 50 }, (_, host) => places.reserve(`public ${host}`, from(`45.1.1.${host}`)))
  assert.equal(given.filter((answer) => answer === 'ok').length, 12)
  for (let host = 0; host < 88; host++) {
    assert.equal(places.reserve(`private ${host}`, from(`192.168.1.${host}`)), 'ok')
  }
})

test('an ordinary node gives one /24 eight places', () => {
  const places = new Reservations(new VirtualClock(), 32)
  const given = Array.from({ length: 50 }, (_, host) => places.reserve(`${host}`, from(`45.1.1.${host}`)))
  assert.equal(given.filter((answer) => answer === 'ok').length, 8)
})

test('a reservation that is not renewed expires and leaves its place', async () => {
  const clock = new VirtualClock()
  const places = new Reservations(clock, 1)
  assert.equal(places.reserve('romeo', from('45.1.1.1')), 'ok')
  await clock.advance(RESERVATION_MS)
  assert.equal(places.get('romeo'), undefined)
  assert.equal(places.reserve('juliet', from('45.1.1.1')), 'ok')
})
