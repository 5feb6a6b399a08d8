import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import { quoted, type ScenarioSource } from './scenario-source.ts'

/** Items of a list or keys of a section that are looked at. */
const ITEMS_MAX = 10_000

/** A place in a scenario file: a value and the way to it. */
export class Place {
  readonly path: string
  readonly #node: unknown
  readonly #source: ScenarioSource
  readonly #originOf: (node: unknown) => number | string | undefined

  constructor(
    node: unknown,
    path: string,
    source: ScenarioSource,
    originOf: (node: unknown) => number | string | undefined,
  ) {
    this.path = path
    this.#node = node
    this.#source = source
    this.#originOf = originOf
    const origin = originOf(node)
    if (origin !== undefined) {
      source.note(path, origin)
    }
  }

  /** A number, text or truth value as YAML read it; undefined for anything else. */
  get scalar(): string | number | boolean | undefined {
    const value: unknown = isScalar(this.#node) ? this.#node.value : undefined
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
  }

  /** As it was written, for messages. */
  get written(): string {
    if (isMap(this.#node)) {
      return 'a section'
    }
    if (isSeq(this.#node)) {
      return 'a list'
    }
    const scalar: Scalar | undefined = isScalar(this.#node) ? this.#node : undefined
    return scalar === undefined || scalar.value === null ? 'nothing' : quoted(scalar.source ?? scalar.value)
  }

  get isSection(): boolean {
    return isMap(this.#node)
  }

  get isList(): boolean {
    return isSeq(this.#node)
  }

  /** The keys of a section and the places of their values, in the order of the file. */
  entries(): { readonly key: string; readonly place: Place }[] {
    if (!isMap(this.#node)) {
      return this.fail(`a section with keys is needed, not ${this.written}`)
    }
    if (this.#node.items.length > ITEMS_MAX) {
      return this.fail(`${this.#node.items.length} keys are too many; at most ${ITEMS_MAX}`)
    }
    const entries = this.#node.items.map((pair: Pair) => this.#entry(pair))
    const seen = new Set<string>()
    for (const { key, place } of entries) {
      if (seen.has(key)) {
        place.fail('this key is there twice')
      }
      seen.add(key)
    }
    return entries
  }

  /** The places of the items of a list. */
  items(): Place[] {
    if (!isSeq(this.#node)) {
      return this.fail(`a list is needed, not ${this.written}`)
    }
    if (this.#node.items.length > ITEMS_MAX) {
      return this.fail(`${this.#node.items.length} items are too many; at most ${ITEMS_MAX}`)
    }
    return this.#node.items.map((item, i) => this.#inside(String(i), item))
  }

  /**
   * Complains about this place.
   *
   * @throws ScenarioError always
   */
  fail(message: string): never {
    return this.#source.fail(this.path, message)
  }

  #entry(pair: Pair): { readonly key: string; readonly place: Place } {
    // A key that an override has added is a plain string.
    const written = isScalar(pair.key) ? pair.key.value : pair.key
    const key =
      typeof written === 'string' || typeof written === 'number' ? String(written) : this.fail('a key must be a word')
    const place = this.#inside(key, pair.value as Node | null)
    // The line of the key is where the reader looks; a value can begin below it.
    const origin = this.#originOf(pair.key)
    if (origin !== undefined && typeof this.#originOf(place.#node) !== 'string') {
      this.#source.note(place.path, origin)
    }
    return { key, place }
  }

  #inside(word: string, node: unknown): Place {
    return new Place(node, this.path === '' ? word : `${this.path}.${word}`, this.#source, this.#originOf)
  }
}
