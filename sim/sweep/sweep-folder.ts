import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { claimFolder } from '../output/claim-folder.ts'
import { OutputError } from '../output/output-error.ts'
import { writeAtomically } from '../output/write-atomically.ts'
import { isInShard, type Shard } from './shard.ts'
import { enoughRuns } from './stopping.ts'
import { isSweepHead, planDigest, type SweepHead, type SweepPlan } from './sweep-plan.ts'
import { isSweepRun, metricsOf, runFileName, type SweepRun } from './sweep-run.ts'
import { pointsCsv, runsCsv } from './sweep-tables.ts'

const HEAD = 'sweep.json'

/** The folder of a sweep or of a shard: `sweep.json`, a file for each run, and at the end `runs.csv` and `points.csv`. */
export class SweepFolder {
  readonly path: string
  readonly plan: SweepPlan
  readonly shard: Shard

  private constructor(path: string, { plan, shard }: SweepHead) {
    this.path = path
    this.plan = plan
    this.shard = shard
  }

  /**
   * Begins a sweep in an empty folder, or carries on with the same one.
   *
   * @throws OutputError when the folder holds something else or cannot be written
   */
  static open(path: string, head: SweepHead): SweepFolder {
    if (existsSync(join(path, HEAD))) {
      const found = SweepFolder.read(path)
      if (planDigest(found.plan) !== planDigest(head.plan)) {
        throw new OutputError(`${path}: the output folder holds another sweep (scenario, options or version differ)`)
      }
      const { index, count } = found.shard
      if (index !== head.shard.index || count !== head.shard.count) {
        throw new OutputError(
          `${path}: the output folder holds shard ${index}/${count} of this sweep; name another one`,
        )
      }
    } else {
      claimFolder(path)
    }
    try {
      mkdirSync(join(path, 'runs'), { recursive: true })
      writeAtomically(join(path, HEAD), jsonText(head))
    } catch (error) {
      throw cannotWrite(path, error)
    }
    return new SweepFolder(path, head)
  }

  /**
   * Reads the folder of a sweep.
   *
   * @throws OutputError when it is none
   */
  static read(path: string): SweepFolder {
    const head = readJson(join(path, HEAD))
    if (!isSweepHead(head)) {
      throw new OutputError(`${path}: there is no sweep in this folder (${HEAD} is missing or from another version)`)
    }
    return new SweepFolder(path, head)
  }

  /** The points that belong to this folder. */
  get points(): number[] {
    return this.plan.points.map((_, point) => point).filter((point) => isInShard(point, this.shard))
  }

  /** The runs of a point that are there, by seed from 1 up to the first gap. */
  runsOf(point: number): SweepRun[] {
    const runs: SweepRun[] = []
    for (let seed = 1; seed <= this.plan.seeds; seed++) {
      const run = this.run(point, seed)
      if (run === undefined) {
        break
      }
      runs.push(run)
    }
    return runs
  }

  /** A run, if it is there and whole. */
  run(point: number, seed: number): SweepRun | undefined {
    const run = readJson(join(this.path, 'runs', runFileName(point, seed)))
    return isSweepRun(run) && run.point === point && run.seed === seed ? run : undefined
  }

  /**
   * Keeps a run.
   *
   * @throws OutputError
   */
  add(run: SweepRun): void {
    this.#write(join('runs', runFileName(run.point, run.seed)), jsonText(run))
  }

  /** The runs of a point that count, or undefined while some are missing. */
  countedRuns(point: number): SweepRun[] | undefined {
    const runs = this.runsOf(point)
    const enough = enoughRuns(runs.map(metricsOf), this.plan.seeds, this.plan.stop ?? undefined)
    return enough === undefined ? undefined : runs.slice(0, enough)
  }

  /**
   * Writes the tables of all points that are complete; gives the numbers of those that are not.
   *
   * @throws OutputError
   */
  finish(): number[] {
    const counted = this.points.map((point) => ({ point, runs: this.countedRuns(point) }))
    const complete = counted.flatMap(({ point, runs }) =>
      runs === undefined ? [] : [{ point, values: this.plan.points[point] ?? {}, runs }],
    )
    this.#write('runs.csv', runsCsv(complete))
    this.#write('points.csv', pointsCsv(complete))
    return counted.filter(({ runs }) => runs === undefined).map(({ point }) => point)
  }

  #write(name: string, content: string): void {
    try {
      writeAtomically(join(this.path, name), content)
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
  }
}

function cannotWrite(path: string, error: unknown): OutputError {
  const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return new OutputError(`${path}: the output folder cannot be written: ${why}`)
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
