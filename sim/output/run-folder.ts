import { join } from 'node:path'
import { reportPage } from '../report/report-page.ts'
import type { RunObserver, RunResult } from '../results/results.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { assertionOutcomes } from './assertion-outcomes.ts'
import { claimFolder } from './claim-folder.ts'
import { csvOf } from './csv.ts'
import { OutputError } from './output-error.ts'
import { parquetTable } from './parquet-table.ts'
import type { RunCommand } from './repeat-command.ts'
import { type RunResources, type RunSummary, runSummary, unfinishedSummary } from './run-summary.ts'
import { LOOKUP_COLUMNS, MESSAGE_COLUMNS, NODE_COLUMNS, SAMPLE_COLUMNS } from './tables.ts'
import { TraceFile } from './trace-file.ts'
import { writeAtomically } from './write-atomically.ts'

/** What is known before a run. */
export interface RunHead {
  readonly scenario: Scenario
  readonly command: RunCommand
  readonly version: string
}

/**
 * The folder that a run writes: `run.json`, `metrics.csv`, Parquet tables, `trace.jsonl`, `report.html`. `run.json` says
 * from the first moment what runs here, with `isPartial` until all is written; each file appears whole or not at all,
 * save the trace, which grows. All calls are synchronous: nothing of it takes place in virtual time.
 */
export class RunFolder {
  readonly path: string
  readonly #head: RunHead
  readonly #trace: TraceFile

  /**
   * Claims the folder and writes the beginning.
   *
   * @throws OutputError when it is not empty or cannot be written
   */
  constructor(path: string, head: RunHead) {
    claimFolder(path)
    this.path = path
    this.#head = head
    try {
      // First: it can be made but once, so of two runs that found the folder empty one has it.
      this.#trace = new TraceFile(join(path, 'trace.jsonl'))
      this.#write('run.json', jsonText(unfinishedSummary(head)))
    } catch (error) {
      throw cannotWrite(path, error)
    }
  }

  /** For `RunObserver.trace`. */
  trace(event: Parameters<RunObserver['trace']>[0]): void {
    this.#trace.add(event)
  }

  /** Writes what a run left, interrupted or not, and gives what stands in `run.json`. */
  finish(result: RunResult, resources: RunResources): RunSummary {
    this.close()
    const outcomes = assertionOutcomes(this.#head.scenario.assertions, result.metrics)
    const summary = runSummary(this.#head, result, outcomes, resources)
    this.#write('metrics.csv', csvOf(Object.keys(SAMPLE_COLUMNS) as (keyof typeof SAMPLE_COLUMNS)[], result.samples))
    this.#write('samples.parquet', parquetTable(SAMPLE_COLUMNS, result.samples))
    this.#write('messages.parquet', parquetTable(MESSAGE_COLUMNS, result.messages))
    this.#write('nodes.parquet', parquetTable(NODE_COLUMNS, result.nodes))
    this.#write('lookups.parquet', parquetTable(LOOKUP_COLUMNS, result.lookups))
    this.#write('report.html', reportPage(summary, this.#head.scenario, result))
    // Last: whoever finds a run that is not partial finds all of it.
    this.#write('run.json', jsonText(summary))
    return summary
  }

  /** Ends the trace of a run that left no result; idempotent. */
  close(): void {
    this.#trace.close()
  }

  #write(name: string, content: string | Uint8Array): void {
    writeAtomically(join(this.path, name), content)
  }
}

function cannotWrite(path: string, error: unknown): OutputError {
  const code = error instanceof Error && 'code' in error ? error.code : String(error)
  return new OutputError(
    code === 'EEXIST'
      ? `${path}: another run has begun in the output folder; name another one with --out`
      : `${path}: the output folder cannot be written: ${code}`,
  )
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
