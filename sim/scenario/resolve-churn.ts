import { CHURN_PRESETS } from '../churn/churn-presets.ts'
import type { Churn } from './scenario.ts'
import type { ChurnText } from './scenario-file.ts'
import type { ScenarioSource } from './scenario-source.ts'

const ALWAYS_ON: Churn = {
  session: undefined,
  absence: { law: 'constant', ms: 0 },
  crashShare: 0,
  diskShare: 1,
  diurnal: 1,
  trace: undefined,
}

/** One way of coming and going, with its preset filled in. */
export function resolveChurn(
  written: ChurnText | undefined,
  path: string,
  source: ScenarioSource,
  trace: Churn['trace'],
): Churn {
  if (written === undefined) {
    return ALWAYS_ON
  }
  const known = written.preset === undefined ? undefined : CHURN_PRESETS[written.preset]?.churn
  const base: Churn = known === undefined ? ALWAYS_ON : { ...known, trace: undefined }
  refuseHalves(written, path, source)
  return {
    session: written.session === 'never-ends' ? undefined : (written.session ?? base.session),
    absence: written.absence ?? base.absence,
    crashShare: written.crash ?? base.crashShare,
    diskShare: written.disk ?? base.diskShare,
    diurnal: written.diurnal ?? base.diurnal,
    trace,
  }
}

function refuseHalves(written: ChurnText, path: string, source: ScenarioSource): void {
  const { session, absence, trace } = written
  if (trace !== undefined && (session ?? absence ?? written.preset ?? written.diurnal) !== undefined) {
    source.fail(`${path}.trace`, 'a trace takes the place of preset, session, absence and diurnal')
  }
  if (trace !== undefined || written.preset !== undefined) {
    return
  }
  if (session === undefined) {
    source.fail(path, "'session', 'preset' or 'trace' is missing")
  }
  if (session !== 'never-ends' && absence === undefined) {
    source.fail(path, "'absence' is missing: how long a node is away")
  }
}
