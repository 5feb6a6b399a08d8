import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DESKTOP_USER } from '../install.ts'

/** User and group id of the user as whom programs run that refuse root. */
export function desktopUser(): [number, number] {
  const id = (flag: string): number => Number(spawnSync('id', [flag, DESKTOP_USER], { encoding: 'utf8' }).stdout)
  return [id('-u'), id('-g')]
}

/** The arguments of `setpriv` that make a command that user's. */
export function asDesktopUser(): string[] {
  const [uid, gid] = desktopUser()
  return ['--reuid', String(uid), '--regid', String(gid), '--clear-groups']
}

/** Makes folders that are that user's alone; the way to them opens for it. */
export function giveFolders(...folders: readonly string[]): void {
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true })
    chownSync(folder, ...desktopUser())
    chmodSync(folder, 0o700)
  }
  // `mkdtemp` made it for its owner only.
  chmodSync(dirname(folders[0] ?? ''), 0o711)
}

/** Writes a file that is that user's, and makes its folder the user's too. */
export function giveFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o600 })
  chownSync(path, ...desktopUser())
  chownSync(dirname(path), ...desktopUser())
}
