// Rules of the house that no linter knows: short files, no TODO without an issue, no sleeping tests.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODE_FOLDERS, sourceFiles } from './source-files.ts'

const ROOT = join(import.meta.dirname, '..')

/** The house aims at 100; a file four times as long is two files. Tests may tell longer stories. */
const MAX_FILE_LINES = 400
const FOLDERS_WITH_SHORT_FILES = /^(src|cli|sim|scripts)\//

const LINE_RULES: readonly { readonly pattern: RegExp; readonly folders: RegExp; readonly message: string }[] = [
  { pattern: /\bTODO(?!\(#\d+\))/, folders: /./, message: 'a TODO names its issue: TODO(#n)' },
  { pattern: /\b(FIXME|XXX)\b/, folders: /./, message: 'write TODO(#n) with an issue' },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, folders: /^(src|cli|sim)\//, message: 'no silenced type errors' },
  { pattern: /biome-ignore-all/, folders: /./, message: 'suppress one line with a reason, not a file' },
]

function faultsOf(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n')
  const faults: string[] = []
  if (FOLDERS_WITH_SHORT_FILES.test(file) && lines.length > MAX_FILE_LINES) {
    faults.push(`${file}:${MAX_FILE_LINES} file-length: ${lines.length} lines, at most ${MAX_FILE_LINES}`)
  }
  for (const rule of LINE_RULES.filter((candidate) => candidate.folders.test(file))) {
    lines.forEach((line, index) => {
      if (rule.pattern.test(line)) {
        faults.push(`${file}:${index + 1} ${rule.message}`)
      }
    })
  }
  return faults
}

// Those that name what they forbid: this file and the planted faults.
const files = sourceFiles(ROOT, CODE_FOLDERS).filter(
  (file) => !/^(test\/canary\/|scripts\/house-style\.ts$)/.test(file),
)
const faults = files.flatMap(faultsOf)
console.log(faults.join('\n'))
console.log(`${files.length} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 && files.length > 0 ? 0 : 1
