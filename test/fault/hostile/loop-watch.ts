// Loaded into a node before everything else (`--import`): writes down when its event loop came late, and how much of that was its
// own work. The machine's other work is not the node's fault, so the processor time of the thread is what counts.
// SIGUSR2 makes it collect its garbage, which an idle node does not: only then does its memory say what it keeps.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const TICK_MS = 5
/** Shorter delays are not written down. */
const NOTED_MS = 20

const folder = process.env.LOOP_WATCH_FOLDER
if (folder !== undefined && process.threadCpuUsage !== undefined) {
  const path = join(folder, String(process.pid))
  // Without this file nobody watches, which is not the same as that there was nothing to see.
  appendFileSync(path, '')
  let last = performance.now()
  let cpu = process.threadCpuUsage()
  setInterval(() => {
    const now = performance.now()
    const { user, system } = process.threadCpuUsage(cpu)
    const cpuMs = (user + system) / 1_000
    const lateMs = now - last - TICK_MS
    if (cpuMs > NOTED_MS || lateMs > NOTED_MS) {
      appendFileSync(path, `${JSON.stringify({ atMs: Date.now(), lateMs, cpuMs })}\n`)
    }
    last = performance.now()
    cpu = process.threadCpuUsage()
  }, TICK_MS).unref()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  process.on('SIGUSR2', () => {
    collectGarbage()
    collectGarbage()
    // That was not the node's own work.
    last = performance.now()
    cpu = process.threadCpuUsage()
  })
}
