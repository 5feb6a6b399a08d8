// Generated documents through our stream parser and through expat (Python's, in a child process):
// `node test/fuzz/xml-differential.ts [cases] [seed]`. What we accept, expat accepts too and reads as the same tree; what
// expat accepts and we refuse, we refuse for a reason of XMPP (RFC 6120 §11) or of the house (xml-name.ts).
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { Element } from '../../src/xml/element.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { StreamParser } from '../../src/xml/stream-parser.ts'
import { XmlError } from '../../src/xml/xml-error.ts'
import { DEFAULT_XML_LIMITS } from '../../src/xml/xml-limits.ts'
import { NS_XML } from '../../src/xml/xml-name.ts'

const CASES_DEFAULT = 1_000_000
/** Documents under way in the child. */
const BATCH = 500

type Tree = [string, [string, string][], ...(Tree | string)[]]

const encoder = new TextEncoder()

const NAMES = [
  'a',
  'b',
  'x:a',
  'x:b',
  'y:c',
  'stream:stream',
  'xml:a',
  'a.b-c_d',
  ':a',
  'a:',
  'x:a:b',
  '1a',
  'é',
  'xmlns:a',
]
const ATTRIBUTES = ['a', 'b', 'x:a', 'y:a', 'xmlns', 'xmlns:x', 'xmlns:y', 'xml:lang', 'xmlns:xml', 'xmlns:', 'é']
const VALUES = [
  ...[
    '',
    'u',
    'urn:x',
    'urn:y',
    'a b',
    '\t\n',
    '\r\n',
    '&amp;',
    '&#65;',
    '&#x41;',
    '&#0;',
    '&#xD800;',
    '&#xFFFE;',
    '&#x10FFFF;',
  ],
  ...[
    '&#x110000;',
    '&#99999999999;',
    '&lt;',
    '<',
    '>',
    ']]>',
    '"',
    "'",
    '&x;',
    '&',
    'é',
    '😀',
    '\ufffe',
    '\0',
    '\u0085',
    '{u}',
    NS_XML,
  ],
]
const TEXTS = [
  ...VALUES,
  '<![CDATA[',
  '<![CDATA[x]]>',
  '<![CDATA[]]]]>',
  '<!-- c -->',
  '<?p i?>',
  '</',
  '/>',
  ' ',
  ']',
  ']]',
]
const HEADS = [
  ...[
    '',
    '',
    '',
    "<?xml version='1.0'?>",
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<?xml version='1.0' standalone='yes'?>\n",
  ],
  ...[
    "<?xml version='1.1'?>",
    "<?xml encoding='utf-8'?>",
    ' ',
    '\ufeff',
    '<!DOCTYPE a>',
    '<?xml ?>',
    "<?xml version='1.0' encoding='latin1'?>",
  ],
]

/** What is always legal; every twelfth choice is from all the others too. */
const PLAIN_NAMES = ['a', 'b', 'a.b-c_d', 'xml']
const PLAIN_ATTRIBUTES = ['a', 'b', 'xml:lang', 'xmlns', 'c']
const PLAIN_VALUES = ['', 'u', 'urn:x', 'urn:y', '&amp;', '&#65;', '&#x10FFFF;', '>']
const PLAIN_TEXTS = [
  ...PLAIN_VALUES,
  '\t\n',
  '\r\n',
  '\r',
  'é',
  '😀',
  '"',
  ']',
  ']]',
  '<![CDATA[<x>]]>',
  '<![CDATA[]]]]>',
  '\u0085',
]
const ODD_ONE_IN = 12

class Generator {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  document(): Uint8Array {
    const declarations = this.#maybe(2) ? " xmlns:x='urn:x' xmlns:y='urn:y'" : ''
    const head = this.#maybe(3) ? this.#pick(HEADS) : ''
    const tail = this.#maybe(8) ? this.#text() : ''
    const children = Array.from({ length: this.#random.uniform(4) }, () => this.#element(0)).join('')
    const bytes = encoder.encode(
      `${head}<s:s xmlns:s='urn:s'${declarations}${this.#attributes()}>${children}</s:s>${tail}`,
    )
    return this.#maybe(3) ? this.#damage(bytes) : bytes
  }

  #element(depth: number): string {
    const name = this.#mostly(PLAIN_NAMES, NAMES)
    const content = depth > 3 ? '' : Array.from({ length: this.#random.uniform(4) }, () => this.#node(depth)).join('')
    const space = this.#maybe(5) ? this.#pick([' ', '\n', '\t ', ' ', '\r', '/']) : ''
    const end = this.#maybe(40) ? this.#pick(NAMES) : name
    return content === '' && this.#maybe(2)
      ? `<${name}${this.#attributes()}${space}/>`
      : `<${name}${this.#attributes()}${space}>${content}</${end}${this.#maybe(6) ? ' ' : ''}>`
  }

  #node(depth: number): string {
    return this.#maybe(2) ? this.#element(depth + 1) : this.#text()
  }

  #text(): string {
    return Array.from({ length: 1 + this.#random.uniform(3) }, () => this.#mostly(PLAIN_TEXTS, TEXTS)).join('')
  }

  #attributes(): string {
    const parts = Array.from({ length: this.#random.uniform(3) }, () => {
      const quote = this.#pick(["'", '"', "'"])
      return `${this.#maybe(40) ? '' : ' '}${this.#mostly(PLAIN_ATTRIBUTES, ATTRIBUTES)}${this.#maybe(10) ? ' = ' : '='}${quote}${this.#mostly(PLAIN_VALUES, VALUES)}${quote}`
    })
    return parts.join('')
  }

  #damage(bytes: Uint8Array): Uint8Array {
    const damaged = bytes.slice()
    damaged[this.#random.uniform(damaged.length)] = this.#maybe(2)
      ? this.#random.uniform(256)
      : (this.#pick([0x3c, 0x3e, 0x26, 0x27, 0x22, 0x2f, 0x5d, 0x20, 0xc0, 0xed, 0xf4]) as number)
    return this.#maybe(4) ? damaged.subarray(0, this.#random.uniform(damaged.length)) : damaged
  }

  #mostly<Item>(plain: readonly Item[], all: readonly Item[]): Item {
    return this.#pick(this.#maybe(ODD_ONE_IN) ? all : plain)
  }

  #maybe(oneIn: number): boolean {
    return this.#random.uniform(oneIn) === 0
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.uniform(items.length)] as Item
  }
}

/** What our parser makes of a document: its tree, or why it is refused. */
function read(document: Uint8Array): Tree | string {
  const parser = new StreamParser(DEFAULT_XML_LIMITS)
  let root: Element | undefined
  const children: Tree[] = []
  try {
    parser.push(document)
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      if (event.type === 'header') {
        root = event.header.element
      } else if (event.type === 'element') {
        children.push(treeOf(event.element))
      } else {
        // What follows is the caller's to ignore; a document has nothing there.
        return parser.discard() || root === undefined ? 'something behind the end' : [...headOf(root), ...children]
      }
    }
  } catch (error) {
    assert.ok(error instanceof XmlError, `${String(error)} for ${text(document)}`)
    return `${error.condition}: ${error.message}`
  }
  return 'no end'
}

function headOf(element: Element): [string, [string, string][]] {
  const { name, namespace, attributes } = element
  const pairs = Object.keys(attributes).map((key): [string, string] => [
    key.startsWith('xml:') ? `${NS_XML}}${key.slice(4)}` : key.replace(/^\{(.*)\}/, '$1}'),
    attributes[key] as string,
  ])
  return [namespace === '' ? name : `${namespace}}${name}`, pairs.sort(([one], [other]) => (one < other ? -1 : 1))]
}

function treeOf(element: Element): Tree {
  return [...headOf(element), ...element.children.map((node) => (typeof node === 'string' ? node : treeOf(node)))]
}

/** White space between the children of a stream is no part of it. */
function withoutSpace([name, attributes, ...children]: Tree): Tree {
  return [name, attributes, ...children.filter((child) => typeof child !== 'string' || child.trim() !== '')]
}

/** Why we may refuse what is well-formed; the test looks whether the document gives that reason. */
const REASONS: readonly (readonly [RegExp, RegExp])[] = [
  [/^restricted-xml/, /<[!?]|&/],
  [/^policy-violation: a name that is not ASCII/, /[^ -~\s]/],
  [/^policy-violation: a namespace that is no URI/, /xmlns/],
  [/^unsupported-encoding/, /encoding=/],
  [/^not-well-formed: text outside of an element/, /./s],
  [/^not-well-formed: text outside of the element/, /./s],
  [/^not-well-formed: malformed XML declaration/, /version='1\.1'|<\?xml/],
  [/^not-well-formed: an empty stream/, /\/>/],
  [/^something behind the end/, /<[!?]/],
]

class Differential {
  readonly #waiting: Uint8Array[] = []
  readonly #child: ChildProcess
  accepted = 0
  refused = 0
  readonly ours: Record<string, number> = {}
  #onBatch: () => void = () => {}

  constructor() {
    this.#child = spawn('python3', [join(import.meta.dirname, 'expat-child.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.once('exit', () => assert.equal(this.#waiting.length, 0, 'expat is gone'))
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#compare(line))
  }

  async batch(documents: readonly Uint8Array[]): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#onBatch = resolve
    })
    this.#waiting.push(...documents)
    const frames = documents.flatMap((document) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(document.length)
      return [head, document]
    })
    this.#child.stdin!.write(Buffer.concat(frames))
    await done
  }

  stop(): void {
    this.#child.stdin!.end()
  }

  #compare(line: string): void {
    const document = this.#waiting.shift() as Uint8Array
    const own = read(document)
    if (line === '-') {
      assert.equal(typeof own, 'string', `only we accept ${text(document)}`)
      this.refused++
    } else if (typeof own === 'string') {
      const isReason = REASONS.some(([reason, cause]) => reason.test(own) && cause.test(text(document)))
      assert.ok(isReason, `only expat accepts (${own}) ${text(document)}`)
      const [reason = ''] = own.split(/[<&]/)
      this.ours[reason] = (this.ours[reason] ?? 0) + 1
    } else {
      assert.deepEqual(own, withoutSpace(JSON.parse(line)), text(document))
      assertRoundTrip(document)
      this.accepted++
    }
    if (this.#waiting.length === 0) {
      this.#onBatch()
    }
  }
}

/** What is written again reads as the same tree. */
function assertRoundTrip(document: Uint8Array): void {
  const parser = new StreamParser(DEFAULT_XML_LIMITS)
  parser.push(document)
  for (let event = parser.next(); event !== undefined && event.type !== 'end'; event = parser.next()) {
    if (event.type === 'element') {
      const again = new StreamParser(DEFAULT_XML_LIMITS)
      again.push(encoder.encode(`<s>${serialize(event.element)}</s>`))
      again.next()
      const second = again.next()
      assert.ok(second?.type === 'element')
      assert.deepEqual(treeOf(second.element), treeOf(event.element), text(document))
    }
  }
}

function text(document: Uint8Array): string {
  return Buffer.from(document).toString('latin1')
}

const cases = Number(process.argv[2] ?? CASES_DEFAULT)
const seed = process.argv[3] ?? 'xml differential 1'
console.log(`repeat with: node test/fuzz/xml-differential.ts ${cases} '${seed}'`)
const generator = new Generator(new SeededRandom(seed))
const differential = new Differential()
for (let done = 0; done < cases; done += BATCH) {
  await differential.batch(Array.from({ length: Math.min(BATCH, cases - done) }, () => generator.document()))
}
differential.stop()
console.log({
  cases,
  accepted: differential.accepted,
  refused: differential.refused,
  refusedByUsOnly: differential.ours,
})
