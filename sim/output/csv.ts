/** Digits of a number that is not whole: more than any metric means, fewer than differ between ways to add up. */
const DIGITS = 9

/** A value of a table: null and NaN, what was not measured, are left empty. */
export type CsvValue = string | number | boolean | null

/** A table as RFC 4180 has it, with `\n` and the columns in the order given: the same rows give the same bytes. */
export function csvOf<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, CsvValue>>[],
): string {
  const lines = rows.map((row) => columns.map((column) => csvField(row[column])).join(','))
  return `${[columns.join(','), ...lines].join('\n')}\n`
}

function csvField(value: CsvValue): string {
  if (typeof value === 'number') {
    return csvNumber(value)
  }
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A number as it stands in every CSV: whole numbers in full, others with 9 digits and without trailing zeros. */
function csvNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? '' : String(value)
  }
  // -0 is 0.
  return String(Number.isInteger(value) ? value + 0 : Number(value.toPrecision(DIGITS)))
}
