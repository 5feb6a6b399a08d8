// Compiles src, cli and sim to plain JS with typings under dist/, for the package: Node strips no types inside node_modules.
// The web chat goes with them: our page, and of Converse.js the files that it loads. So do the scenarios of the simulator
// and the libraries that draw its report.
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPORT_LIBRARIES } from '../sim/report/report-assets.ts'

const ROOT = join(import.meta.dirname, '..')
const CONVERSE = join(ROOT, 'node_modules/converse.js')
const CONVERSE_COPY = join(ROOT, 'dist/web/converse')

/**
 * What the page loads: English only, without libomemo (GPL-3.0; the page switches OMEMO off) and without source maps.
 * test/interop/web-chat.ts fails when a file is missing.
 */
const CONVERSE_FILES = [
  'converse.min.js',
  'converse.min.css',
  'emoji.json',
  'images/custom_emojis',
  'images/logo/conversejs-filled.svg',
  'webfonts',
]

function compile(): number {
  const tsc = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  return tsc.status ?? 1
}

/** What the simulator reads: scenarios, their schema, and the page of the report with the libraries it takes in. */
function copySimulator(): void {
  cpSync(join(ROOT, 'sim/scenarios'), join(ROOT, 'dist/sim/scenarios'), { recursive: true })
  cpSync(join(ROOT, 'sim/scenario/scenario.schema.json'), join(ROOT, 'dist/sim/scenario/scenario.schema.json'))
  cpSync(join(ROOT, 'sim/deploy'), join(ROOT, 'dist/sim/deploy'), { recursive: true })
  cpSync(join(ROOT, 'sim/report/page'), join(ROOT, 'dist/sim/report/page'), { recursive: true })
  for (const [name, path] of Object.entries(REPORT_LIBRARIES)) {
    cpSync(join(ROOT, 'node_modules', path), join(ROOT, 'dist/sim/report/page', name))
  }
}

/** For editors of configuration files. */
function copyConfigSchema(): void {
  cpSync(join(ROOT, 'cli/config/config.schema.json'), join(ROOT, 'dist/cli/config/config.schema.json'))
}

function copyWebChat(): void {
  cpSync(join(ROOT, 'web'), join(ROOT, 'dist/web'), { recursive: true })
  for (const file of CONVERSE_FILES) {
    cpSync(join(CONVERSE, 'dist', file), join(CONVERSE_COPY, file), { recursive: true })
  }
  cpSync(join(CONVERSE, 'LICENSE'), join(CONVERSE_COPY, 'LICENSE'))
  const { version }: { version: string } = JSON.parse(readFileSync(join(CONVERSE, 'package.json'), 'utf8'))
  writeFileSync(join(CONVERSE_COPY, 'NOTICE'), notice(version))
}

/** MPL-2.0 §3.2: whoever gets the executable form is told where the source is. */
function notice(version: string): string {
  return [
    `Converse.js ${version}, https://conversejs.org, unchanged files of the npm package converse.js.`,
    'Mozilla Public License 2.0, see LICENSE. The source code, with the licences of what it contains:',
    `https://github.com/conversejs/converse.js/tree/v${version}`,
    `https://registry.npmjs.org/converse.js/-/converse.js-${version}.tgz`,
    '',
  ].join('\n')
}

rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
process.exitCode = compile()
copyWebChat()
copySimulator()
copyConfigSchema()
