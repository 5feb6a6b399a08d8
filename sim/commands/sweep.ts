/** Options of `kabber sim sweep FILE`. */
export interface SweepOptions {
  /** Folder for the results; one that holds the same sweep is carried on. */
  readonly out: string
  /** Runs at the same time. @default 1 */
  readonly jobs?: number
  /** `i/n`; default from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX. */
  readonly shard?: string
  readonly tier?: 'stack' | 'model'
  readonly ci?: boolean
  /** Paths into the file and values, from `--set`, `--nodes`, `--duration`. */
  readonly overrides?: Readonly<Record<string, string | number>>
}

/**
 * `kabber sim sweep FILE`: every point of the grid with the same seeds, one process a run. Gives the exit code: 0 done,
 * 1 a run failed.
 *
 * @throws ScenarioError, OutputError: exit code 2
 */
export async function sweep(_file: string, _options: SweepOptions): Promise<number> {
  throw new Error('being written')
}
