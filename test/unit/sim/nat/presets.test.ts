import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NAT_POPULATIONS } from '../../../../sim/nat/populations.ts'
import { NAT_PRESETS, natChain } from '../../../../sim/nat/presets.ts'

test('every preset has a sentence, keeps the bounds of its kind and can be named in a chain', () => {
  for (const [name, preset] of Object.entries(NAT_PRESETS)) {
    assert.ok(preset.about.length > 20, name)
    assert.ok(preset.hostsPerBox >= 1, name)
    assert.ok(preset.behaviour.tcpIdleMs > preset.behaviour.tcpOpeningMs, name)
    assert.deepEqual(natChain(name), [{ preset: name, behaviour: preset.behaviour }])
  }
})

test('a chain reads from the node outward; open has no box; an unknown name is none', () => {
  assert.deepEqual(
    natChain('home+cgn-fixed')?.map((box) => box.preset),
    ['home', 'cgn-fixed'],
  )
  assert.deepEqual(natChain('open'), [])
  assert.equal(natChain('home+unknown'), undefined)
  assert.equal(natChain('constructor'), undefined)
})

test('the shares of every population add to 1 and name known boxes', () => {
  for (const [name, population] of Object.entries(NAT_POPULATIONS)) {
    const sum = population.shares.reduce((total, { share }) => total + share, 0)
    assert.ok(Math.abs(sum - 1) < 1e-9, `${name}: ${sum}`)
    assert.ok(
      population.shares.every(({ nat }) => natChain(nat) !== undefined),
      name,
    )
    assert.ok(population.source.length > 20, name)
  }
})
