import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzzClient, fuzzCustodian } from '../../../support/mailbox-fuzz.ts'

// The same with 100,000: node test/fuzz/mailbox-frames.ts
describe('mutated and truncated frames', () => {
  it('are answered by a custodian or close their stream, and the next peer is served', async () => {
    const { broken, understood } = await fuzzCustodian(4_000, 'unit')
    assert.ok(broken > 400, `${broken} streams broken`)
    assert.ok(understood > 400, `${understood} answers`)
  })

  it('as answers end every call of a client with a result or an error of its own', async () => {
    const { broken, understood } = await fuzzClient(1_000, 'unit')
    assert.ok(broken > 100, `${broken} calls failed`)
    assert.ok(understood > 20, `${understood} calls succeeded`)
  })
})
