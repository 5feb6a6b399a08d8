import { Buffer } from 'node:buffer'
import { type Document, isNode, LineCounter, parseDocument, Scalar, visit } from 'yaml'
import { FILE_BYTES_MAX } from './limits.ts'
import { Place } from './place.ts'
import type { ScenarioSource } from './scenario-source.ts'

const TOO_DEEP = 'sections are nested too deeply'

/** A value put in the place of what the file says, and who did: a line of the file, or an option. */
export interface Override {
  readonly path: string
  readonly value: string | number
  readonly origin: string
}

/** A file that is YAML; what it says is not looked at yet. */
export interface ParsedYaml {
  /** Its root, with some values replaced; lines of keys are noted in `source`. */
  place(overrides: readonly Override[], source: ScenarioSource): Place
}

/**
 * Parses a scenario file. Anchors, aliases, tags and directives are refused: a scenario is read from top to bottom, and
 * cannot be larger than it looks.
 *
 * @throws ScenarioError
 */
export function parseYaml(text: string, source: ScenarioSource): ParsedYaml {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) {
    return source.fail('', `the file is larger than ${FILE_BYTES_MAX} bytes`)
  }
  const lines = new LineCounter()
  const lineOf = (offset: number): number => lines.linePos(offset).line
  const document = parse(text, lines, source)
  refuseCleverness(document, lineOf, source)
  return { place: (overrides, of) => placeOf(document, overrides, lineOf, of) }
}

function parse(text: string, lineCounter: LineCounter, source: ScenarioSource): Document {
  try {
    const document: Document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      logLevel: 'error',
      version: '1.2',
      // The place that reads the section tells of them, with the whole path.
      uniqueKeys: false,
    })
    const wrong = document.errors[0] ?? document.warnings[0]
    if (wrong !== undefined) {
      source.note('', lineCounter.linePos(wrong.pos[0]).line)
      // The parser reports its own exhaustion as an error of the file.
      const isDeep = wrong.message.includes('call stack')
      return source.fail('', isDeep ? TOO_DEEP : `this is no YAML: ${wrong.message}`)
    }
    if (/^%/m.test(text) && document.directives?.docStart === true) {
      return source.fail('', 'directives are not taken')
    }
    return document
  } catch (error) {
    if (error instanceof RangeError) {
      return source.fail('', TOO_DEEP)
    }
    throw error
  }
}

function refuseCleverness(document: Document, lineOf: (offset: number) => number, source: ScenarioSource): void {
  const refuse = (offset: number | undefined, what: string): never => {
    source.note('', lineOf(offset ?? 0))
    return source.fail('', `${what} are not taken; write the value out`)
  }
  visit(document, {
    Alias: (_key, alias) => refuse(alias.range?.[0], `aliases (*${alias.source})`),
    Node: (_key, node) => {
      if (node.anchor !== undefined) {
        refuse(node.range?.[0], `anchors (&${node.anchor})`)
      }
      if (node.tag !== undefined) {
        refuse(node.range?.[0], `tags (${node.tag})`)
      }
    },
  })
}

function placeOf(
  parsed: Document,
  overrides: readonly Override[],
  lineOf: (offset: number) => number,
  source: ScenarioSource,
): Place {
  const document = overrides.length === 0 ? parsed : parsed.clone()
  const origins = new WeakMap<object, string>()
  for (const { path, value, origin } of overrides) {
    const node = new Scalar(value)
    origins.set(node, origin)
    if (!putIn(document, path.split('.'), node)) {
      source.note(path, origin)
      return source.fail(path, 'there is no such key to put a value in the place of')
    }
  }
  const originOf = (node: unknown): number | string | undefined => {
    if (!isNode(node)) {
      return undefined
    }
    return origins.get(node) ?? (node.range == null ? undefined : lineOf(node.range[0]))
  }
  return new Place(document.contents, '', source, originOf)
}

/** Puts a node in its place; makes the sections above it, but no item of a list. False where it cannot be. */
function putIn(document: Document, path: readonly string[], node: Scalar): boolean {
  const isNewItem = path.some((word, i) => /^\d+$/.test(word) && !document.hasIn(path.slice(0, i + 1)))
  if (isNewItem) {
    return false
  }
  try {
    document.setIn(path, node)
    return true
  } catch {
    return false
  }
}
