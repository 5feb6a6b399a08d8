import type { RunResources } from './run-summary.ts'

/** What this process has taken so far: user and system time, and the most memory at once. */
export function resourcesUsed(): RunResources {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  // maxRSS is in KiB on every system (libuv).
  return { cpu_s: (userCPUTime + systemCPUTime) / 1e6, peak_memory_bytes: maxRSS * 1024 }
}
