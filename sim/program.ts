import { Command, Option } from 'commander'
import { check } from './commands/check.ts'
import { list } from './commands/list.ts'
import type { RunOptions, RunSurroundings } from './commands/run.ts'
import { readOptions, type ScenarioOptions } from './commands/scenario-options.ts'
import { findScenario } from './scenario/find-scenario.ts'
import { scenarioJsonSchema } from './scenario/json-schema.ts'

/** Options of `sweep` as they are written. */
interface SweepArguments extends ScenarioOptions {
  readonly out: string
  readonly jobs: number
  readonly shard?: string
}

const FILE_HELP = 'a scenario file, or the name of a shipped one'

/** The command line of `kabber sim`; commands that need much load it when they run. */
export function createSimProgram(around: RunSurroundings, exitWith: (code: number) => void): Command {
  const program = new Command('kabber sim')
    .description('Simulates a network: nodes behind NATs that come and go, and people who write to each other.')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .addHelpText('after', '\nExit codes: 0 all held, 1 something did not, 2 bad input. More: docs/simulator.md\n')
  program
    .command('list')
    .description('the shipped scenarios')
    .action(() => exitWith(list(around.write)))
  program
    .command('schema')
    .description('the JSON schema of scenario files, for editors')
    .action(() => around.write(JSON.stringify(scenarioJsonSchema(), undefined, 2)))
  withScenarioOptions(program.command('check').description('what a scenario would run, or what is wrong with it'))
    .argument('<file>', FILE_HELP)
    .action((file: string, options: ScenarioOptions) => exitWith(check(file, options, around.write)))
  withScenarioOptions(program.command('run').description('run a scenario and write its results into a folder'))
    .argument('<file>', FILE_HELP)
    .option('--seed <n>', 'the same seed gives the same run (default: 1)')
    .option('--out <dir>', 'folder for the results, empty or not there yet (default: below kabber-sim/)')
    .action(async (file: string, options: RunOptions) =>
      exitWith(await (await import('./commands/run.ts')).run(file, options, around)),
    )
  addManyRuns(program, around, exitWith)
  return program
}

function addManyRuns(program: Command, around: RunSurroundings, exitWith: (code: number) => void): void {
  withScenarioOptions(program.command('sweep').description('run every point of the grid or list of a scenario'))
    .argument('<file>', FILE_HELP)
    .requiredOption('--out <dir>', 'folder for the results; one that holds the same sweep is carried on')
    .option('--jobs <n>', 'runs at the same time', Number, 1)
    .option('--shard <i/n>', 'only this part (default: of SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)')
    .action(async (file: string, { out, jobs, shard, ...scenario }: SweepArguments) => {
      const { sweep } = await import('./commands/sweep.ts')
      const plan = { out, jobs, shard, ...readOptions(scenario) }
      exitWith(await sweep(findScenario(file), plan, { ...around, environment: process.env }))
    })
  program
    .command('merge')
    .description('put the shards of a sweep together')
    .argument('<dirs...>', 'folders of the shards')
    .requiredOption('--out <dir>', 'folder for the whole')
    .action(async (dirs: readonly string[], options: { readonly out: string }) =>
      exitWith(await (await import('./commands/merge.ts')).merge(dirs, options, around)),
    )
  program
    .command('validate')
    .description('published results beside ours')
    .option('--quick', 'only what is done in ten minutes')
    .option('--out <file>', 'the table as CSV as well')
    .action(async (options: { readonly quick?: boolean; readonly out?: string }) =>
      exitWith(await (await import('./commands/validate.ts')).validate(options, around)),
    )
}

function withScenarioOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--tier <tier>', 'the production node, or the model of many nodes').choices(['stack', 'model']),
    )
    .option('--nodes <n>', 'so many nodes in place of what the file says')
    .option('--duration <duration>', 'so long, such as 2h')
    .option('--set <path=value>', 'any other value of the file; repeatable', (value, before: string[] = []) => [
      ...before,
      value,
    ])
    .option('--ci', "the small version: values of the file's ci section")
}
