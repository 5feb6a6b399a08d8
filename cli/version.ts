import { existsSync, readFileSync } from 'node:fs'

/** The version in package.json: one folder up in a checkout, two in the compiled package. */
export function programVersion(): string {
  const candidates = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url))
  const file = candidates.find((url) => existsSync(url))
  const { version } = JSON.parse(file === undefined ? '{}' : readFileSync(file, 'utf8')) as { version?: string }
  return version ?? 'unknown'
}
