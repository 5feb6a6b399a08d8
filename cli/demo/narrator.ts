import type { Output } from '../output.ts'

/** Tells the demo step by step, each with the time that has passed since it began. */
export class Narrator {
  readonly #output: Output
  readonly #startMs = performance.now()

  constructor(output: Output) {
    this.#output = output
  }

  /** Milliseconds since the beginning. */
  get elapsedMs(): number {
    return performance.now() - this.#startMs
  }

  step(text: string): void {
    const elapsed = `${(this.elapsedMs / 1000).toFixed(1).padStart(5)} s`
    this.#output.event({ event: 'step', elapsedMs: Math.round(this.elapsedMs), text }, `${elapsed}  ${text}`)
  }

  /** A remark below a step. */
  remark(text: string): void {
    this.#output.text(`         ${text}`)
  }
}

/** Runs `task` and gives its duration in words: `3.2 ms`, `1.4 s`. */
export async function timed(task: () => Promise<unknown>): Promise<string> {
  const startMs = performance.now()
  await task()
  return durationWords(performance.now() - startMs)
}

/** A duration for people. */
export function durationWords(milliseconds: number): string {
  return milliseconds < 1_000
    ? `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`
    : `${(milliseconds / 1_000).toFixed(1)} s`
}
