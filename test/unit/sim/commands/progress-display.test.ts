import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProgressDisplay } from '../../../../sim/commands/progress-display.ts'

const HOUR_MS = 3_600_000

function displayOn(isTTY: boolean): {
  readonly display: ProgressDisplay
  readonly said: string[]
  pass(ms: number): void
} {
  let nowMs = 0
  const said: string[] = []
  const stream = { isTTY, write: (text: string) => said.push(text) }
  const display = new ProgressDisplay(stream, 48 * HOUR_MS, () => nowMs)
  return {
    display,
    said,
    pass: (ms) => {
      nowMs += ms
    },
  }
}

describe('the progress of a run', () => {
  it('is a bar with the time left on a terminal, not drawn more often than one can see', () => {
    const { display, said, pass } = displayOn(true)
    display.update(1)
    assert.deepEqual(said, [])
    pass(60_000)
    display.update(12 * HOUR_MS)
    display.update(13 * HOUR_MS)
    assert.deepEqual(said, ['\r\x1b[K[#######-----------------------]  25 % 12:00:00 simulated, about 0:03:00 left'])
    display.end()
    assert.equal(said.at(-1), '\r\x1b[K')
  })

  it('is a plain line now and then elsewhere', () => {
    const { display, said, pass } = displayOn(false)
    pass(9_000)
    display.update(HOUR_MS)
    pass(1_000)
    display.update(36 * HOUR_MS)
    pass(10_000)
    display.update(0)
    display.end()
    assert.deepEqual(said, [
      ' 75 % 1 d 12:00:00 simulated, about 0:00:03 left\n',
      '  0 % 0:00:00 simulated, time left unknown\n',
    ])
  })
})
