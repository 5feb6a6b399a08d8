import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import { badInput } from '../cli-error.ts'
import { systemFailure } from '../system-failure.ts'
import { oneLine } from '../terminal-text.ts'

/** Of a file; the longest anybody writes has some hundred lines. */
const CONFIG_MAX_BYTES = 65_536

/** What the parser says to programmers, for others. */
const YAML_FAILURES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins; a file has one',
  // The parser is out of stack.
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
}

/** What a file says under one key, and where. */
export interface ConfigEntry {
  readonly key: string
  /** A text, number or truth value, or several of them; undefined for anything else, an empty value too. */
  readonly value: ConfigScalar | readonly ConfigScalar[] | undefined
  readonly place: string
}

/** A value as YAML 1.2 reads it. */
export type ConfigScalar = string | number | boolean

/**
 * The keys of a configuration file: YAML 1.2, one section without further ones.
 *
 * @throws CliError with one line that names file, line and what is wrong
 */
export function readConfigFile(path: string): readonly ConfigEntry[] {
  const lines = new LineCounter()
  const document = parse(readText(path), path, lines)
  const placeOf = (offset: number): string => `${path}, line ${lines.linePos(offset).line}`
  refuseCleverness(document, placeOf)
  const root = document.contents
  if (root === null) {
    return []
  }
  if (!isMap(root)) {
    throw badInput(`${placeOf(root.range?.[0] ?? 0)}: keys with values are needed, such as 'storage: 2GiB'`)
  }
  return root.items.map(({ key, value }) => {
    const place = placeOf((isScalar(key) && key.range?.[0]) || 0)
    if (!isScalar(key) || typeof key.value !== 'string') {
      throw badInput(`${place}: a key must be a word`)
    }
    return { key: key.value, value: configValue(value), place }
  })
}

function readText(path: string): string {
  if (path === '') {
    throw badInput('--config needs the name of a file')
  }
  try {
    if (!statSync(path).isFile()) {
      // A pipe without a writer would be waited for, and a device may have no end.
      throw badInput(`${path}: a configuration file is needed, and this is a folder, pipe or device`)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readBytes(path))
  } catch (error) {
    if (error instanceof TypeError) {
      throw badInput(`${path}: this is no UTF-8 text`)
    }
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined
      ? error
      : badInput(`${path}: the configuration file cannot be read: ${systemFailure(code)}`)
  }
}

/** No more than a file may have: what a file in /proc has is not in its size. */
function readBytes(path: string): Uint8Array {
  const bytes = new Uint8Array(CONFIG_MAX_BYTES + 1)
  const file = openSync(path, 'r')
  try {
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null)
    }
    if (length > CONFIG_MAX_BYTES) {
      throw badInput(`${path}: a configuration file has at most ${CONFIG_MAX_BYTES} bytes`)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

function parse(text: string, path: string, lineCounter: LineCounter): Document {
  const document: Document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' })
  const wrong = document.errors[0] ?? document.warnings[0]
  if (wrong !== undefined) {
    throw badInput(`${path}, line ${lineCounter.linePos(wrong.pos[0]).line}: ${yamlFailure(wrong, text)}`)
  }
  return document
}

function yamlFailure({ code, message, pos: [start] }: YAMLError, text: string): string {
  if (code === 'DUPLICATE_KEY') {
    const [key = ''] = /^[^\s:]{0,60}/.exec(text.slice(start)) ?? []
    return `the key '${key}' is there already; say it once`
  }
  return YAML_FAILURES[code] ?? `this is no YAML: ${oneLine(message)}`
}

/** What makes a file mean something else than it seems to. */
function refuseCleverness(document: Document, placeOf: (offset: number) => string): void {
  const refuse = (offset: number | undefined, what: string): never => {
    throw badInput(`${placeOf(offset ?? 0)}: ${what} are not taken; write the value out`)
  }
  visit(document, {
    Alias: (_key, alias) => refuse(alias.range?.[0], 'aliases'),
    Node: (_key, node) => {
      if (node.anchor !== undefined || node.tag !== undefined) {
        refuse(node.range?.[0], 'anchors and tags')
      }
    },
  })
}

function configValue(node: unknown): ConfigEntry['value'] {
  if (!isSeq(node)) {
    return scalarOf(node)
  }
  const values = node.items.map(scalarOf).filter((value) => value !== undefined)
  return values.length === node.items.length ? values : undefined
}

function scalarOf(node: unknown): ConfigScalar | undefined {
  const value: unknown = isScalar(node) ? node.value : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}
