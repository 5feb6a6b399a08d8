// Who may import whom, checked with dependency-cruiser. It reads `import type` too, which only its swc parser shows;
// without that parser it sees no TypeScript at all and is content, so the gate counts what was seen.
import { join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { LAYER_FOLDERS, LAYERING_RULES } from './layering-rules.ts'
import { CODE_FOLDERS, sourceFiles } from './source-files.ts'

const ROOT = join(import.meta.dirname, '..')

async function cruiseTree(files: string[]): Promise<ICruiseResult> {
  const { output } = await cruise(
    files,
    {
      baseDir: ROOT,
      parser: 'swc',
      tsPreCompilationDeps: true,
      doNotFollow: { path: '(^|/)node_modules/' },
      detectProcessBuiltinModuleCalls: true,
      validate: true,
      ruleSet: { forbidden: [...LAYERING_RULES] },
    },
    {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  )
  if (typeof output === 'string') {
    throw new TypeError('dependency-cruiser gave a report instead of a result')
  }
  return output
}

/** Reasons not to believe a clean result: files on disk that the tool did not read, or an empty graph. */
function blindSpots(result: ICruiseResult, files: readonly string[]): string[] {
  const seen = new Set(result.modules.map((module) => module.source))
  const spots = files.filter((file) => !seen.has(file)).map((file) => `layering gate is blind: ${file} was not read`)
  const layers = LAYER_FOLDERS.filter((layer) => files.some((file) => file.startsWith(`src/${layer}/`)))
  if (
    layers.length === 0 ||
    result.summary.totalCruised === 0 ||
    (result.summary.totalDependenciesCruised ?? 0) === 0
  ) {
    spots.push('layering gate is blind: no modules or no dependencies were read')
  }
  return spots
}

const files = sourceFiles(ROOT, CODE_FOLDERS)
const result = await cruiseTree(files)
const spots = blindSpots(result, files)
const violations = result.summary.violations.map(
  (violation) => `${violation.rule.name}: ${violation.from} → ${violation.to}`,
)
const broken = new Set(result.summary.violations.map((violation) => violation.rule.name))
const meanings = LAYERING_RULES.filter((rule) => rule.name !== undefined && broken.has(rule.name)).map(
  (rule) => `  ${rule.name}: ${rule.comment}`,
)
console.log([...spots, ...violations, ...meanings].join('\n'))
console.log(
  `${result.summary.totalCruised} modules, ${result.summary.totalDependenciesCruised} dependencies, ${files.length} files`,
)
process.exitCode = spots.length === 0 && violations.length === 0 ? 0 : 1
