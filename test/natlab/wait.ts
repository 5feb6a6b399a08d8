import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 200

/** Asks again and again until the answer is not undefined or false; gives undefined after `limitMs`. */
export async function until<Value>(
  limitMs: number,
  ask: () => Promise<Value | undefined | false>,
  pollMs: number = POLL_MS,
): Promise<Value | undefined> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) {
      return answer
    }
    if (performance.now() >= endMs) {
      return undefined
    }
    await sleep(pollMs)
  }
}
