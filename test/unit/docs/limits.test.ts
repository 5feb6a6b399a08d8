import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../../..')

interface Row {
  readonly name: string
  readonly value: string
  readonly file: string
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** The constants at the top level of a source file: name and expression on one line, white space and `_` aside. */
function constantsOf(source: string): Map<string, string> {
  const pattern = /^(?:export )?const ([A-Z][A-Z0-9_]*)(?::[^=]+)? = (\{\n[\s\S]*?\n\}|.+)$/gm
  return new Map([...source.matchAll(pattern)].map(([, name = '', value = '']) => [name, plain(value)]))
}

function plain(value: string): string {
  return value.replace(/\s+/g, ' ').replaceAll('_', '')
}

/** The rows of the page: | `NAME` | `value` unit | file below the heading of the room | what happens |. */
function rowsOf(page: string): Row[] {
  return page.split(/^## /m).flatMap((section) => {
    const room = section.split('\n', 1)[0] ?? ''
    const rows = section.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \| `([^`]+)`[^|]* \| ([^ |]+) \| [^|]+ \|$/gm)
    return [...rows].map(([, name = '', value = '', file = '']) => ({ name, value, file: `${room}/${file}` }))
  })
}

const page = read('docs/LIMITS.md')
const rows = rowsOf(page)

test('every line of a table in docs/LIMITS.md that names a constant is a row', () => {
  assert.ok(rows.length > 0)
  assert.equal(rows.length, [...page.matchAll(/^\| `[A-Z][A-Z0-9_]*` \|/gm)].length)
})

test('docs/LIMITS.md names only constants that exist, with the values they have', () => {
  const faults = rows.flatMap(({ name, value, file }) => {
    const actual = existsSync(join(ROOT, file)) ? constantsOf(read(file)).get(name) : undefined
    return actual === plain(value) ? [] : [`${file} ${name}: the page says ${value}, the source ${actual}`]
  })
  assert.deepEqual(faults, [])
})

test('every constant of src and cli whose name says MAX has a row in docs/LIMITS.md', () => {
  const listed = new Set(rows.map(({ file, name }) => `${file} ${name}`))
  const files = globSync('{src,cli}/**/*.ts', { cwd: ROOT })
  const bounds = files.flatMap((file) =>
    [...constantsOf(read(file)).keys()].filter((name) => /^MAX_|_MAX(_|$)/.test(name)).map((name) => `${file} ${name}`),
  )
  assert.ok(bounds.length > 0)
  assert.deepEqual(
    bounds.filter((bound) => !listed.has(bound)),
    [],
  )
})

test('every file and folder of the project that the documentation names exists', () => {
  const pages = globSync('docs/{*.md,decisions/*.md,protocol/*.md}', { cwd: ROOT })
  const missing = pages.flatMap((file) =>
    [...read(file).matchAll(/`((?:src|cli|bin|scripts|test|docs|\.ci)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(ROOT, path)))
      .map((path) => `${file}: ${path}`),
  )
  assert.deepEqual(missing, [])
})

test('docs/decisions/0002-dependencies.md lists every package of package.json with its version', () => {
  const manifest = JSON.parse(read('package.json'))
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  const listed = [...read('docs/decisions/0002-dependencies.md').matchAll(/^\| (\S+) \| ((?:\d|file:)\S+) \|/gm)]
  assert.deepEqual(
    listed.map(([, name, version]) => `${name} ${version}`).sort(),
    wanted.map(([name, version]) => `${name} ${version}`).sort(),
  )
})
