import { classSizes } from './class-sizes.ts'
import { resolveClasses, type TraceReader } from './resolve-classes.ts'
import { resolveFaults } from './resolve-faults.ts'
import type { NodeClass, Scenario } from './scenario.ts'
import type { ScenarioFile } from './scenario-file.ts'
import type { ScenarioSource } from './scenario-source.ts'

/** Makes a scenario of what a file says. */
export function resolveScenario(
  file: ScenarioFile,
  source: ScenarioSource,
  given: { readonly name: string; readonly text: string; readonly readTrace: TraceReader },
): Scenario {
  const resolved = resolveClasses(file, source, given.readTrace)
  const classes = resolved.map(({ nodeClass }) => nodeClass)
  const { network, sweep } = file
  return {
    name: given.name,
    about: file.about,
    source: file.source,
    durationMs: file.duration,
    warmupMs: file.warmup,
    settleMs: file.settle,
    sampleEveryMs: file.sample,
    nodes: file.population.nodes,
    classes,
    network: {
      latency: network.latency,
      jitterMs: network.jitter,
      loss: network.loss,
      bytesPerSecond: network.bandwidth,
    },
    workload: resolveWorkload(file, classes, source),
    faults: resolveFaults(file, resolved, source),
    assertions: file.assert,
    sweep: sweep && {
      ...sweep,
      grid: Object.fromEntries(sweep.grid),
      list: sweep.list.map((point) => Object.fromEntries(point)),
    },
    text: given.text,
  }
}

function resolveWorkload(
  file: ScenarioFile,
  classes: readonly NodeClass[],
  source: ScenarioSource,
): Scenario['workload'] {
  const { people: written, contacts, messages, size, offline, lookups } = file.workload
  const sizes = classSizes(classes, file.population.nodes)
  const homes = classes.reduce((sum, { people }, i) => sum + (people ? (sizes[i] ?? 0) : 0), 0)
  const people = 'count' in written ? written.count : Math.round(written.share * homes)
  if (people > homes) {
    source.fail('workload.people', `${people} people need as many nodes of classes with people; there are ${homes}`)
  }
  if (messages > 0 && (people < 2 || contacts === 0)) {
    source.fail('workload.messages', `nobody can write: there are ${people} people with ${contacts} contacts each`)
  }
  return {
    people,
    contactsPerPerson: Math.max(0, Math.min(contacts, people - 1)),
    messagesPerPersonPerHour: messages,
    messageBytes: size,
    offline: offline === undefined ? undefined : { share: offline.share, forLaw: offline.for },
    lookupsPerNodePerHour: lookups,
  }
}
