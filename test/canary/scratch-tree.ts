import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Fault } from './fault.ts'

const COPIED_FOLDERS = ['bin', 'cli', 'scripts', 'sim', 'src', 'test']

/** A throw-away copy of the tree at `root`, without `without`, sharing its node_modules; `remove` deletes it. */
export function scratchTree(root: string, without: readonly string[]): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kabber-canary-'))
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile() || COPIED_FOLDERS.includes(entry.name)) {
      cpSync(join(root, entry.name), join(path, entry.name), { recursive: true })
    }
  }
  for (const folder of without) {
    rmSync(join(path, folder), { recursive: true, force: true })
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Writes one fault, or a piece of groundwork, into the tree at `root`. */
export function plant(root: string, fault: Pick<Fault, 'file' | 'text' | 'replaces'>): void {
  const path = join(root, fault.file)
  mkdirSync(dirname(path), { recursive: true })
  if (fault.replaces === undefined) {
    appendFileSync(path, fault.text)
    return
  }
  const before = readFileSync(path, 'utf8')
  if (!before.includes(fault.replaces)) {
    throw new Error(`${fault.file} no longer contains "${fault.replaces}": mend the canary`)
  }
  writeFileSync(
    path,
    before.replace(fault.replaces, () => fault.text),
  )
}
