/**
 * Puts virtual time and seeded randomness in the place of everything ambient. Loaded before anything else:
 * `node --import ./sim/time/preload.ts …`. Promises, `queueMicrotask` and `process.nextTick` stay as they are.
 */
import { syncBuiltinESMExports } from 'node:module'
import { replaceClocks } from './replace-clocks.ts'
import { replaceRandomness } from './replace-randomness.ts'
import { replaceTimers } from './replace-timers.ts'
import { setTraps } from './traps.ts'
import { installTime, VirtualTime } from './virtual-time.ts'

/** Of the slabs that Node cuts small buffers from. One that lives on, as an address does, keeps its whole slab: of 64 KiB, by itself. */
const SLAB_BYTES = 1_024

const time = new VirtualTime()
replaceTimers(time)
replaceClocks(time)
replaceRandomness(time)
setTraps(time)
syncBuiltinESMExports()
installTime(time)
Buffer.poolSize = SLAB_BYTES
