import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the files lie that a page takes in: in a checkout those of the packages, in the package copies made by scripts/build.ts. */
const PACKAGES = join(import.meta.dirname, '../../node_modules')
const PAGE = join(import.meta.dirname, 'page')

/** Files by name: in the package `page/<name>`, in a checkout a path below node_modules. */
export const REPORT_LIBRARIES: Readonly<Record<string, string>> = {
  'd3.min.js': 'd3/dist/d3.min.js',
  'd3-license.txt': 'd3/LICENSE',
  'plot.umd.min.js': '@observablehq/plot/dist/plot.umd.min.js',
  'plot-license.txt': '@observablehq/plot/LICENSE',
}

/** One of our own files (`report.css`, `report.js`) or of the libraries. */
export function reportAsset(name: string): string {
  const beside = join(PAGE, name)
  const library = REPORT_LIBRARIES[name]
  return readFileSync(library === undefined || existsSync(beside) ? beside : join(PACKAGES, library), 'utf8')
}
