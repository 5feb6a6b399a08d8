/** A broken promise of our own code. Never thrown for anything a peer, a client or a file may cause. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Checks what must hold in a correct program; on in production too. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new AssertionError(message)
  }
}
