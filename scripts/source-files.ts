import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

/** The folders that hold our own TypeScript; those that do not exist yet are skipped. */
export const CODE_FOLDERS: readonly string[] = ['src', 'cli', 'sim', 'scripts', 'test']

/** Every `.ts` file under `folders` of the tree at `root`, relative to it, sorted. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  const present = folders.filter((folder) => existsSync(join(root, folder)))
  return present.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort()
}
