// Mutated streams of clients: `node test/fuzz/client-streams.ts [cases] [seed]`. Each is answered with an error of RFC 6120
// or goes on; anything else (an exception, a timer left, a stall of 50 ms, memory that stays) fails.
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzzStreams } from '../support/stream-fuzz.ts'

const CASES_DEFAULT = 100_000
/** What a run may leave behind, mostly code that was compiled meanwhile. */
const MAX_KEPT_BYTES = 32 * 1_048_576

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function usedBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const cases = Number(process.argv[2] ?? CASES_DEFAULT)
const seed = process.argv[3] ?? 'client streams 1'
console.log(`repeat with: node test/fuzz/client-streams.ts ${cases} '${seed}'`)
const before = usedBytes()
const startMs = performance.now()
console.log(await fuzzStreams(cases, seed))
const keptBytes = usedBytes() - before
console.log(`${Math.round(performance.now() - startMs)} ms, ${keptBytes} bytes kept`)
assert.ok(keptBytes < MAX_KEPT_BYTES, 'memory stays')
