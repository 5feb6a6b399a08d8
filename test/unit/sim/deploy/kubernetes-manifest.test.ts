import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import {
  CONTAINER_SECURITY,
  COUNT,
  LABELS,
  list,
  NAME,
  object,
  POD_SECURITY,
  QUANTITIES,
  TEXT,
  TRUTH,
} from '../../../support/kubernetes-schema.ts'

const MANIFEST = join(import.meta.dirname, '../../../../sim/deploy/sweep-job.yaml')

/** batch/v1 Job with Indexed completion, as far as the manifest uses it: an unknown or misspelt field is an error. */
const CONTAINER = object(
  { name: NAME, image: TEXT, command: list(TEXT), env: list(object({ name: TEXT, value: TEXT })) },
  {
    args: list(TEXT),
    resources: object({ requests: QUANTITIES, limits: QUANTITIES }),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: list(object({ name: NAME, mountPath: { type: 'string', pattern: '^/' } }, { readOnly: TRUTH })),
  },
)
const POD = object(
  { restartPolicy: { enum: ['Never', 'OnFailure'] }, containers: list(CONTAINER) },
  {
    automountServiceAccountToken: TRUTH,
    securityContext: POD_SECURITY,
    volumes: list({
      oneOf: [
        object({ name: NAME, configMap: object({ name: NAME }) }),
        object({ name: NAME, persistentVolumeClaim: object({ claimName: NAME }) }),
      ],
    }),
  },
)
const JOB = object({
  apiVersion: { const: 'batch/v1' },
  kind: { const: 'Job' },
  metadata: object({ name: NAME }, { labels: LABELS }),
  spec: object({
    completionMode: { const: 'Indexed' },
    completions: COUNT,
    parallelism: COUNT,
    backoffLimit: COUNT,
    template: object({ metadata: object({}, { labels: LABELS }), spec: POD }),
  }),
})

interface Job {
  readonly spec: {
    readonly completions: number
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[]
          readonly env: readonly { readonly name: string; readonly value: string }[]
          readonly volumeMounts: readonly { readonly name: string }[]
        }[]
        readonly volumes: readonly { readonly name: string }[]
      }
    }
  }
}

const job: Job = parse(readFileSync(MANIFEST, 'utf8'))

test('the manifest is a Job with Indexed completion', () => {
  const validate = new Ajv().compile(JOB)
  assert.ok(validate(job), JSON.stringify(validate.errors))
})

test('a misspelt field of the manifest would be found', () => {
  const validate = new Ajv().compile(JOB)
  assert.ok(!validate({ ...job, spec: { ...job.spec, completionmode: 'Indexed' } }))
})

test('each pod is told how many there are, and mounts what there is', () => {
  const { containers, volumes } = job.spec.template.spec
  const [sweep] = containers
  assert.ok(sweep !== undefined)
  const told = sweep.env.find(({ name }) => name === 'JOB_COMPLETIONS')
  assert.equal(told?.value, String(job.spec.completions))
  assert.deepEqual(sweep.volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => name).sort())
  assert.match(sweep.args.join(' '), /kabber sim sweep \S+ --out "\/results\/shard-\$JOB_COMPLETION_INDEX"/)
})
