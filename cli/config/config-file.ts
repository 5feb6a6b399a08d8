import { readFileSync, statSync } from 'node:fs'
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { badInput } from '../cli-error.ts'
import { oneLine } from '../terminal-text.ts'

/** Of a file; the longest anybody writes has some hundred lines. */
const CONFIG_MAX_BYTES = 65_536

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
  try {
    if (statSync(path).size > CONFIG_MAX_BYTES) {
      throw badInput(`${path}: a configuration file has at most ${CONFIG_MAX_BYTES} bytes`)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof TypeError) {
      throw badInput(`${path}: this is no UTF-8 text`)
    }
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : badInput(`${path}: the configuration file cannot be read: ${code}`)
  }
}

function parse(text: string, path: string, lineCounter: LineCounter): Document {
  const document: Document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' })
  const wrong = document.errors[0] ?? document.warnings[0]
  if (wrong !== undefined) {
    throw badInput(
      `${path}, line ${lineCounter.linePos(wrong.pos[0]).line}: this is no YAML: ${oneLine(wrong.message)}`,
    )
  }
  return document
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
