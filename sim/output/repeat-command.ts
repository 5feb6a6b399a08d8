/** What decides a run. */
export interface RunCommand {
  /** As it was named on the command line. */
  readonly file: string
  readonly tier: 'stack' | 'model'
  readonly seed: number
  /** Paths into the file and what was put in their place. */
  readonly overrides: Readonly<Record<string, string | number>>
  /** Whether the values of the file's `ci` section were taken. */
  readonly ci: boolean
}

/** Options that stand for a path; the rest goes by `--set`. */
const OPTIONS: Readonly<Record<string, string>> = { 'population.nodes': '--nodes', duration: '--duration' }

/** The arguments of `kabber sim run` that repeat a run; `--out` is left to whoever repeats it. */
export function repeatArguments(run: RunCommand): string[] {
  const overrides = Object.entries(run.overrides).flatMap(([path, value]) => {
    const option = OPTIONS[path]
    return option === undefined ? ['--set', `${path}=${value}`] : [option, String(value)]
  })
  // What begins with a dash would be taken for an option.
  const file = run.file.startsWith('-') ? `./${run.file}` : run.file
  return [file, '--tier', run.tier, '--seed', String(run.seed), ...(run.ci ? ['--ci'] : []), ...overrides]
}

/** The one command that repeats a run, as a shell reads it. */
export function repeatCommand(run: RunCommand): string {
  return ['kabber', 'sim', 'run', ...repeatArguments(run)].map(shellWord).join(' ')
}

/** A word in single quotes where it needs them (POSIX). */
function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
