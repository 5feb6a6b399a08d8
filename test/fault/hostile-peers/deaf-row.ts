import assert from 'node:assert/strict'
import type { Row } from '../hostile/row.ts'
import type { VictimNode } from '../hostile/world.ts'
import type { Attackers } from './attackers.ts'

const SYN = 1
const PING_TYPE = 2
const PINGS_PER_BATCH = 1_000
/** Answers of 12 bytes and Noise's 18: more than the kernel and the victim may hold together. */
const PINGS_MAX = 2_000_000
const MIB = 1_048_576
const MEMORY_MAX_MIB = 64

/** L4: a peer that makes the victim answer and never reads. */
export function deafRow(node: VictimNode, attackers: Attackers): Row {
  return {
    id: 'L4',
    sent: `pings of yamux, up to ${PINGS_MAX}, from a peer that never reads`,
    must: `the connection is reset; memory grows by ≤ ${MEMORY_MAX_MIB} MiB`,
    run: async () => {
      const before = node.residentBytes()
      let sent = 0
      let isReset = false
      await attackers.honestRoundTrips(async () => {
        const connection = await attackers.connect(await attackers.peer())
        assert.ok(connection !== undefined)
        connection.stopReading()
        void connection.closed.then(() => {
          isReset = true
        })
        for (; sent < PINGS_MAX && !isReset; sent += PINGS_PER_BATCH) {
          try {
            connection.sendHeaders({ type: PING_TYPE, flag: SYN, streamID: 0, length: sent }, PINGS_PER_BATCH)
          } catch {
            isReset = true
          }
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      })
      const grown = (node.residentBytes() - before) / MIB
      const figures = `${isReset ? 'reset' : 'open still'} after ${sent} pings, memory +${grown.toFixed(0)} MiB`
      assert.ok(isReset, figures)
      assert.ok(grown <= MEMORY_MAX_MIB, figures)
      return figures
    },
  }
}
