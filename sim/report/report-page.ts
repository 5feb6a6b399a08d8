import type { RunSummary } from '../output/run-summary.ts'
import type { RunResult } from '../results/results.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { escapeHtml, scriptJson } from './html.ts'
import { reportAsset } from './report-assets.ts'
import { reportData } from './report-data.ts'
import { figuresHtml } from './report-figures.ts'
import { reportHeader } from './report-header.ts'

/** Nothing may be asked of anybody: what the page needs is in it. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

/** `report.html`: one page that needs no network, with the figures a researcher would draw first. */
export function reportPage(summary: RunSummary, scenario: Scenario, result: RunResult): string {
  const { parameters: _parameters, ...about } = summary
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="kabber ${escapeHtml(summary.version)}">
<title>${escapeHtml(`${summary.scenario} · seed ${summary.seed}`)}</title>
<link rel="icon" href="data:,">
<style>
${reportAsset('report.css')}</style>
</head>
<body>
${reportHeader(about, scenario)}
${figuresHtml()}
<footer>Made by kabber ${escapeHtml(summary.version)}. All rows behind the figures: the Parquet files beside this page.
Figures are drawn with Observable Plot and D3 (ISC licence, in the source of this page).</footer>
<script type="application/json" id="data">${scriptJson(reportData(scenario, result))}</script>
<!-- D3: ${comment(reportAsset('d3-license.txt'))}
Observable Plot: ${comment(reportAsset('plot-license.txt'))} -->
<script>${inlineScript(reportAsset('d3.min.js'))}</script>
<script>${inlineScript(reportAsset('plot.umd.min.js'))}</script>
<script type="module">
${inlineScript(reportAsset('report.js'))}</script>
</body>
</html>
`
}

/** A script inside a page ends at the first `</script`. */
function inlineScript(script: string): string {
  return script.replace(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--')
}

function comment(text: string): string {
  return text.replaceAll('--', '- -').trim()
}
