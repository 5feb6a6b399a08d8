import type { RunSummary } from '../output/run-summary.ts'
import type { MetricName, Scenario } from '../scenario/scenario.ts'
import { formatDuration, formatMetric, formatNumber } from './format.ts'
import { escapeHtml } from './html.ts'

/** Violations shown; run.json has more. */
const VIOLATIONS_SHOWN = 20

const TILES: readonly (readonly [MetricName, string])[] = [
  ['delivered_share', 'delivered'],
  ['delay_p50_ms', 'median delay'],
  ['delay_p99_ms', '99th percentile'],
  ['letters_share', 'went by letter'],
  ['lookup_found_share', 'lookups found'],
  ['lookup_hops_mean', 'hops a lookup'],
  ['bytes_per_node_per_s', 'a node'],
  ['violations', 'violations'],
]

/** The top of a report: what ran, its figures, whether it kept what was asserted, how to repeat it. */
export function reportHeader(summary: Omit<RunSummary, 'parameters'>, scenario: Scenario): string {
  return `<header>
<p class="kind">Kabber simulation${summary.isPartial ? ' <strong class="partial">interrupted: partial results</strong>' : ''}</p>
<h1>${escapeHtml(summary.scenario)} ${verdict(summary)}</h1>
<p class="about">${escapeHtml(summary.about)}</p>
<p class="source">${escapeHtml(summary.source)}</p>
<dl class="facts">${facts(summary, scenario)}</dl>
</header>
<section class="tiles">${TILES.map(([name, label]) => tile(name, label, summary)).join('')}</section>
<section class="checks">
${assertionTable(summary)}
${violationTable(summary)}
<p class="repeat">Repeat this run: <code>${escapeHtml(summary.command)}</code></p>
<details><summary>All metrics</summary><table class="metrics">${metricRows(summary)}</table></details>
<details><summary>The scenario as it was written</summary><pre>${escapeHtml(summary.scenarioText)}</pre></details>
</section>`
}

function verdict({ assertions, violations, isPartial }: Omit<RunSummary, 'parameters'>): string {
  const isGood = violations.length === 0 && assertions.every(({ passed }) => passed)
  if (isGood && (assertions.length === 0 || isPartial)) {
    return ''
  }
  return isGood ? '<span class="badge good">passed</span>' : '<span class="badge bad">FAILED</span>'
}

function facts(summary: Omit<RunSummary, 'parameters'>, scenario: Scenario): string {
  const overrides = Object.entries(summary.overrides).map(([path, value]) => `${path} = ${value}`)
  const pairs: readonly (readonly [string, string])[] = [
    ['tier', summary.tier],
    ['seed', String(summary.seed)],
    ['nodes', formatNumber(scenario.nodes)],
    ['people', formatNumber(scenario.workload.people)],
    ['simulated', formatDuration(summary.simulated_ms)],
    ['events', formatNumber(summary.events)],
    ['CPU', `${formatNumber(summary.resources.cpu_s)} s`],
    ['memory', `${formatNumber(summary.resources.peak_memory_bytes / 2 ** 20)} MiB`],
    ['trace hash', summary.traceHash],
    ['version', summary.version],
    ...(overrides.length === 0 ? [] : [['changed', overrides.join(', ')] as const]),
  ]
  return pairs.map(([term, text]) => `<div><dt>${term}</dt><dd>${escapeHtml(text)}</dd></div>`).join('')
}

function tile(name: MetricName, label: string, summary: Omit<RunSummary, 'parameters'>): string {
  const value = summary.metrics[name]
  const mood = name === 'violations' && value !== 0 && value !== null && value !== undefined ? ' bad' : ''
  return `<div class="tile${mood}"><b>${escapeHtml(formatMetric(name, value))}</b><span>${label}</span></div>`
}

function assertionTable({ assertions }: Omit<RunSummary, 'parameters'>): string {
  if (assertions.length === 0) {
    return ''
  }
  const rows = assertions.map(
    ({ text, metric, value, passed }) =>
      `<tr><td class="${passed ? 'good' : 'bad'}">${passed ? '✓ passed' : '✗ FAILED'}</td><td><code>${escapeHtml(text)}</code></td>` +
      `<td>${escapeHtml(value === null ? 'not measured' : formatMetric(metric, value))}</td></tr>`,
  )
  return `<table><caption>Assertions</caption><thead><tr><th></th><th>bound</th><th>this run</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function violationTable({ violations, metrics }: Omit<RunSummary, 'parameters'>): string {
  if (violations.length === 0) {
    return ''
  }
  const all = metrics.violations ?? violations.length
  const rows = violations
    .slice(0, VIOLATIONS_SHOWN)
    .map(
      ({ t_ms, checker, what }) =>
        `<tr><td>${escapeHtml(formatDuration(t_ms))}</td><td>${escapeHtml(checker)}</td><td>${escapeHtml(what)}</td></tr>`,
    )
  const more = all > rows.length ? ` (${rows.length} of ${formatNumber(all)})` : ''
  return `<table class="violations"><caption>Violations${more}</caption><thead><tr><th>at</th><th>checker</th><th>what</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function metricRows({ metrics }: Omit<RunSummary, 'parameters'>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `<tr><td><code>${name}</code></td><td>${escapeHtml(formatMetric(name, value))}</td></tr>`)
    .join('')
}
