/** From the first write of a turn to its commit: an fsync of a good disk. Of every node, in both tiers. */
export const COMMIT_DELAY_MS = 2
