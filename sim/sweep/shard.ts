import { OutputError } from '../output/output-error.ts'

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number
  readonly count: number
}

type Environment = Readonly<Record<string, string | undefined>>

const SHARDS_MAX = 10_000

/**
 * The part of a sweep that this process has to do: of `--shard i/n`, else of a Slurm job array (SLURM_ARRAY_TASK_ID,
 * _COUNT, _MIN, _STEP), else of a Kubernetes Indexed Job (JOB_COMPLETION_INDEX, and JOB_COMPLETIONS from the manifest),
 * else all of it.
 *
 * @throws OutputError in one line
 */
export function shardOf(option: string | undefined, environment: Environment): Shard {
  if (option !== undefined) {
    const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(option) ?? []
    return checked(Number(index), Number(count), `--shard: i/n with 1 ≤ i ≤ n is needed, not '${option}'`)
  }
  if (environment.SLURM_ARRAY_TASK_ID !== undefined) {
    return ofSlurm(environment)
  }
  if (environment.JOB_COMPLETION_INDEX !== undefined) {
    return ofKubernetes(environment)
  }
  return { index: 1, count: 1 }
}

/** Whether a point belongs to a shard: points are dealt out in turn, as neighbours of a grid take about as long. */
export function isInShard(point: number, shard: Shard): boolean {
  return point % shard.count === shard.index - 1
}

function ofSlurm(environment: Environment): Shard {
  const { SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT, SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_STEP } = environment
  const step = Number(SLURM_ARRAY_TASK_STEP ?? 1)
  return checked(
    (Number(SLURM_ARRAY_TASK_ID) - Number(SLURM_ARRAY_TASK_MIN)) / step + 1,
    Number(SLURM_ARRAY_TASK_COUNT),
    'SLURM_ARRAY_TASK_ID is set, but not SLURM_ARRAY_TASK_COUNT and SLURM_ARRAY_TASK_MIN beside it; give --shard i/n',
  )
}

function ofKubernetes(environment: Environment): Shard {
  return checked(
    Number(environment.JOB_COMPLETION_INDEX) + 1,
    Number(environment.JOB_COMPLETIONS),
    'JOB_COMPLETION_INDEX is set, but no JOB_COMPLETIONS that fits; set it in the manifest or give --shard i/n',
  )
}

function checked(index: number, count: number, complaint: string): Shard {
  const isRight = Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count
  if (!isRight) {
    throw new OutputError(complaint)
  }
  if (count > SHARDS_MAX) {
    throw new OutputError(`--shard: ${count} shards are too many; at most ${SHARDS_MAX}`)
  }
  return { index, count }
}
