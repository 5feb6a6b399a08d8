import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutputError } from '../../../../sim/output/output-error.ts'
import { isInShard, shardOf } from '../../../../sim/sweep/shard.ts'

test('a shard is what --shard says, else the place in the job array, else the index of the pod, else all', () => {
  const slurm = {
    SLURM_ARRAY_TASK_ID: '7',
    SLURM_ARRAY_TASK_COUNT: '4',
    SLURM_ARRAY_TASK_MIN: '3',
    SLURM_ARRAY_TASK_STEP: '2',
  }
  const pod = { JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '5' }
  assert.deepEqual(shardOf('2/3', { ...slurm, ...pod }), { index: 2, count: 3 })
  assert.deepEqual(shardOf(undefined, { ...slurm, ...pod }), { index: 3, count: 4 })
  assert.deepEqual(shardOf(undefined, pod), { index: 1, count: 5 })
  assert.deepEqual(shardOf(undefined, {}), { index: 1, count: 1 })
})

test('a shard that is none is refused in one line', () => {
  for (const option of ['0/2', '3/2', '1', '1/0', 'a/b', '-1/2', '1/2/3', '', '1/99999']) {
    assert.throws(() => shardOf(option, {}), OutputError, option)
  }
  assert.throws(() => shardOf(undefined, { SLURM_ARRAY_TASK_ID: '1' }), /give --shard/)
  assert.throws(() => shardOf(undefined, { JOB_COMPLETION_INDEX: '1' }), /JOB_COMPLETIONS/)
  assert.throws(() => shardOf(undefined, { JOB_COMPLETION_INDEX: '5', JOB_COMPLETIONS: '5' }), OutputError)
})

test('every point is in exactly one shard', () => {
  for (let point = 0; point < 20; point++) {
    assert.equal([1, 2, 3].filter((index) => isInShard(point, { index, count: 3 })).length, 1)
  }
})
