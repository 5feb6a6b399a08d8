import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { type Document, parse, parseAllDocuments } from 'yaml'
import { settingsOf } from '../../../cli/config/settings.ts'
import { programOf } from '../../support/config-schema.ts'
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
} from '../../support/kubernetes-schema.ts'

const read = (path: string): string => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8')

const METADATA = object({ name: NAME }, { labels: LABELS })
const PORT = { anyOf: [NAME, COUNT] }
const PROBE = object(
  { periodSeconds: COUNT },
  {
    httpGet: object({ path: { type: 'string', pattern: '^/' }, port: PORT }),
    tcpSocket: object({ port: PORT }),
    failureThreshold: COUNT,
    timeoutSeconds: COUNT,
  },
)
const FIELD = object({ fieldRef: object({ fieldPath: TEXT }) })
const CONTAINER = object(
  {
    name: NAME,
    image: TEXT,
    args: list(TEXT),
    ports: list(object({ name: NAME, containerPort: COUNT }, { hostPort: COUNT })),
    env: list({ oneOf: [object({ name: TEXT, value: TEXT }), object({ name: TEXT, valueFrom: FIELD })] }),
    resources: object({ requests: QUANTITIES, limits: QUANTITIES }),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: list(object({ name: NAME, mountPath: { type: 'string', pattern: '^/' } })),
  },
  { startupProbe: PROBE, readinessProbe: PROBE, livenessProbe: PROBE },
)
const POD = object({
  automountServiceAccountToken: TRUTH,
  enableServiceLinks: TRUTH,
  terminationGracePeriodSeconds: COUNT,
  securityContext: POD_SECURITY,
  containers: list(CONTAINER),
  volumes: list(object({ name: NAME, emptyDir: object({}, { sizeLimit: TEXT }) })),
})
/** apps/v1 StatefulSet and v1 Service, as far as the manifest uses them: an unknown or misspelt field is an error. */
const STATEFUL_SET = object({
  apiVersion: { const: 'apps/v1' },
  kind: { const: 'StatefulSet' },
  metadata: METADATA,
  spec: object({
    serviceName: NAME,
    replicas: COUNT,
    selector: object({ matchLabels: LABELS }),
    template: object({ metadata: object({ labels: LABELS }, { annotations: LABELS }), spec: POD }),
    volumeClaimTemplates: list(
      object({
        metadata: METADATA,
        spec: object({ accessModes: list(TEXT), resources: object({ requests: QUANTITIES }) }),
      }),
    ),
  }),
})
const SERVICE = object({
  apiVersion: { const: 'v1' },
  kind: { const: 'Service' },
  metadata: METADATA,
  spec: object({
    clusterIP: { const: 'None' },
    selector: LABELS,
    ports: list(object({ name: NAME, port: COUNT, targetPort: PORT })),
  }),
})

/** The variables that a relay reads. */
const VARIABLES: ReadonlySet<string> = new Set(
  programOf()
    .commands.filter((command) => command.name() === 'relay')
    .flatMap((command) => settingsOf(command).map(({ variable }) => variable)),
)

function mistakes(schema: object, value: unknown): readonly unknown[] {
  const validate = new Ajv({ allowUnionTypes: true }).compile(schema)
  return validate(value) ? [] : (validate.errors ?? [])
}

describe('the Kubernetes manifest', () => {
  const documents = parseAllDocuments(read('kubernetes/relay.yaml')) as Document[]
  const [service, set] = documents.map((one) => JSON.parse(JSON.stringify(one)))

  it('is a Service and a StatefulSet, without a misspelt field', () => {
    assert.deepEqual(mistakes(SERVICE, service), [])
    assert.deepEqual(mistakes(STATEFUL_SET, set), [])
    assert.equal(mistakes(STATEFUL_SET, { ...set, spec: { ...set.spec, replica: 1 } }).length, 1)
  })

  it('selects its own pods, mounts what there is, and sets what the relay reads', () => {
    const { template, selector, serviceName, volumeClaimTemplates } = set.spec
    assert.deepEqual(template.metadata.labels, selector.matchLabels)
    assert.deepEqual(service.spec.selector, selector.matchLabels)
    assert.equal(serviceName, service.metadata.name)
    const [relay] = template.spec.containers
    const names = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name).sort()
    const volumes = [...template.spec.volumes, ...volumeClaimTemplates.map((one: { metadata: object }) => one.metadata)]
    assert.deepEqual(names(relay.volumeMounts), names(volumes))
    const set_ = names(relay.env).filter((name) => name.startsWith('KABBER_'))
    assert.deepEqual(
      set_.filter((name) => !VARIABLES.has(name)),
      [],
    )
    const ports = names(relay.ports)
    for (const probe of [relay.startupProbe, relay.readinessProbe, relay.livenessProbe]) {
      assert.ok(ports.includes((probe.httpGet ?? probe.tcpSocket).port))
    }
    assert.ok(template.spec.terminationGracePeriodSeconds > 30, 'longer than a drain')
  })
})

describe('the compose file', () => {
  const { services, volumes } = parse(read('docker/compose.yaml'))

  it('runs one relay that can write to its volume only, and sets what it reads', () => {
    const { relay } = services
    assert.deepEqual(Object.keys(services), ['relay'])
    assert.equal(relay.read_only, true)
    assert.deepEqual(relay.cap_drop, ['ALL'])
    assert.deepEqual(relay.volumes, ['data:/data'])
    assert.deepEqual(Object.keys(volumes), ['data'])
    assert.equal(relay.stop_grace_period, '40s')
    assert.deepEqual(
      Object.keys(relay.environment).filter((name) => !VARIABLES.has(name)),
      [],
    )
  })
})

describe('the Dockerfile', () => {
  const text = read('docker/Dockerfile')

  it('makes the package in one stage and runs it as nobody special in another', () => {
    assert.deepEqual(text.match(/^FROM .*$/gm), ['FROM node:24-slim AS package', 'FROM node:24-slim'])
    assert.match(text.slice(text.lastIndexOf('FROM')), /^USER node$/m)
    assert.match(text, /^STOPSIGNAL SIGTERM$/m)
    assert.match(text, /^ENTRYPOINT \["kabber"\]$/m)
    const variables = text.match(/KABBER_[A-Z_]+/g) ?? []
    assert.deepEqual(
      variables.filter((name) => !VARIABLES.has(name) && name !== 'KABBER_HOME'),
      [],
    )
  })

  it('copies what there is', () => {
    assert.match(text, /^COPY package\.json package-lock\.json \.\/$/m)
    assert.match(text, /^COPY test\/shims test\/shims$/m)
    assert.match(read('docker/Dockerfile.dockerignore'), /^node_modules$/m)
  })
})
