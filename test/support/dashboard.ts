import { readFileSync } from 'node:fs'

const DASHBOARD = new URL('../../deploy/grafana/kabber-relay.json', import.meta.url)

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard

/** Every query of the Grafana dashboard, PromQL with the variables of Grafana in it. */
export const DASHBOARD_QUERIES: readonly string[] = dashboard.panels.flatMap(({ targets }) =>
  targets.map(({ expr }) => expr),
)

/** The queries that fill its variables. */
export const DASHBOARD_VARIABLES: readonly string[] = dashboard.templating.list.flatMap(
  ({ definition }) => definition ?? [],
)

/** The metrics that a query names: what stands before a selector in braces, or first in `label_values`. */
export function metricsIn(query: string): readonly string[] {
  return [...query.matchAll(/([a-zA-Z_:][\w:]*)\s*\{|label_values\(\s*([a-zA-Z_:][\w:]*)/g)].flatMap(
    ([, selected, named]) => selected ?? named ?? [],
  )
}

/** The metrics that a text of Prometheus has samples of, or declares: a counter without any yet has none. */
export function metricsOf(text: string): ReadonlySet<string> {
  const declared = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? '')
  const sampled = [...text.matchAll(/^([a-zA-Z_:][\w:]*)[{ ]/gm)].map(([, name]) => name ?? '')
  return new Set([...declared, ...sampled])
}
