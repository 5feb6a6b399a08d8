import { existsSync } from 'node:fs'
import { OutputError } from '../output/output-error.ts'
import { writeAtomically } from '../output/write-atomically.ts'
import type { Reference } from '../validate/finding.ts'
import { REFERENCES } from '../validate/references.ts'
import {
  brokenRow,
  type ValidationRow,
  validationCsv,
  validationRows,
  validationText,
} from '../validate/validation-table.ts'

/** Every validation begins with the same seed: the table is the same each time. */
const SEED = 1

/** Options of `kabber sim validate`. */
export interface ValidateOptions {
  /** Fewer draws and smaller networks. */
  readonly quick?: boolean
  /** The table as a CSV file as well. */
  readonly out?: string
}

/**
 * `kabber sim validate [--quick]`: published results beside ours, row by row as they are ready. Gives the exit code: 0
 * none failed, 1 one did.
 *
 * @throws OutputError when the file is there already or cannot be written: exit code 2
 */
export async function validate(
  { quick = false, out }: ValidateOptions,
  { write }: { write(line: string): void },
  references: readonly Reference[] = REFERENCES,
): Promise<number> {
  if (out !== undefined && existsSync(out)) {
    throw new OutputError(`${out}: the file is there already; name another one with --out`)
  }
  const rows: ValidationRow[] = []
  // Begins as an empty table: a place that cannot be written is told now.
  save(out, rows)
  for (const reference of references) {
    const found = await rowsOf(reference, quick)
    rows.push(...found)
    for (const line of validationText(found)) {
      write(line)
    }
    save(out, rows)
  }
  const count = (outcome: ValidationRow['outcome']): number => rows.filter((row) => row.outcome === outcome).length
  write(`${count('pass')} pass, ${count('FAIL')} FAIL, ${count('not yet')} not yet`)
  return count('FAIL') === 0 ? 0 : 1
}

async function rowsOf(reference: Reference, quick: boolean): Promise<ValidationRow[]> {
  try {
    return validationRows(reference, await reference.check({ quick, seed: SEED }))
  } catch (error) {
    return [brokenRow(reference, error)]
  }
}

function save(out: string | undefined, rows: readonly ValidationRow[]): void {
  try {
    if (out !== undefined) {
      writeAtomically(out, validationCsv(rows))
    }
  } catch (error) {
    throw new OutputError(
      `${out}: the table cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
