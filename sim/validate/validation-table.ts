import { csvOf } from '../output/csv.ts'
import type { Finding, Reference } from './finding.ts'

/** A finding and what it is about. */
export interface ValidationRow extends Finding {
  readonly id: string
  readonly subject: string
  readonly source: string
}

const COLUMNS = ['id', 'subject', 'source', 'quantity', 'published', 'ours', 'tolerance', 'outcome', 'reason'] as const

/** The findings of a reference as rows. */
export function validationRows({ id, subject, source }: Reference, findings: readonly Finding[]): ValidationRow[] {
  return findings.map((finding) => ({ id, subject, source, ...finding }))
}

/** What could not be compared at all, as a row that fails. */
export function brokenRow({ id, subject, source }: Reference, error: unknown): ValidationRow {
  const reason = `it broke down: ${error instanceof Error ? error.message : String(error)}`
  return { id, subject, source, quantity: '', published: '', ours: '', tolerance: '', outcome: 'FAIL', reason }
}

/** The rows of one reference for a terminal: a heading with the source, then a line each. */
export function validationText(rows: readonly ValidationRow[]): string[] {
  const [first] = rows
  if (first === undefined) {
    return []
  }
  const cells = rows.map(({ quantity, published, ours, tolerance }) => [
    quantity,
    `published ${published}`,
    `ours ${ours || '–'}`,
    `tolerance ${tolerance}`,
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(({ outcome, reason }, i) => {
    const padded = (cells[i] ?? []).map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
    return `  ${outcome.padEnd(7)}  ${padded}${reason === '' ? '' : `  ${reason}`}`.trimEnd()
  })
  return [`${first.id} ${first.subject}`, `  ${first.source}`, ...lines]
}

/** All rows as CSV. */
export function validationCsv(rows: readonly ValidationRow[]): string {
  return csvOf(COLUMNS, rows)
}
