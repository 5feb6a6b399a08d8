/** Randomness as a node sees it. */
export interface Random {
  /** `length` bytes from a cryptographic generator: keys, ids, nonces. */
  bytes(length: number): Uint8Array
  /** An integer in [0, bound), `bound` in [1, 2^32]. Need not be cryptographic: jitter, picks. */
  uniform(bound: number): number
}
