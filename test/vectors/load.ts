import { readFileSync } from 'node:fs'

/** The vectors of a file in this folder; where they come from stands in its `source`. */
export function loadVectors<Vector>(file: string): readonly Vector[] {
  const { vectors } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as { vectors: Vector[] }
  return vectors
}
