/** A child of an element: another element, or character data. */
export type XmlNode = Element | string

/**
 * Attributes by name: local name if in no namespace, `xml:lang` and the like as written, all others in Clark notation
 * (`{namespace}local`). Without a prototype, so that no name is special.
 */
export type Attributes = Readonly<Record<string, string>>

/** The attributes of an element that has none. */
export const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null))

/**
 * An XML element: expanded name, attributes, children. Immutable; prefixes are not kept.
 *
 * The constructor takes its arguments as they are: adjacent and empty strings among `children` are the caller's to
 * avoid. `element()` sees to that.
 */
export class Element {
  /** The local name. */
  readonly name: string
  /** The namespace, empty for none. */
  readonly namespace: string
  readonly attributes: Attributes
  readonly children: readonly XmlNode[]

  constructor(name: string, namespace: string, attributes: Attributes, children: readonly XmlNode[]) {
    this.name = name
    this.namespace = namespace
    this.attributes = attributes
    this.children = children
  }

  /** The first child element of that name, in `namespace` or, without one, in this element's own. */
  child(name: string, namespace: string = this.namespace): Element | undefined {
    for (const node of this.children) {
      if (typeof node !== 'string' && node.name === name && node.namespace === namespace) {
        return node
      }
    }
    return undefined
  }

  /** The child elements, of that name and in that namespace if given. */
  elements(name?: string, namespace?: string): Element[] {
    return this.children.filter(
      (node): node is Element =>
        typeof node !== 'string' &&
        (name === undefined || node.name === name) &&
        (namespace === undefined || node.namespace === namespace),
    )
  }

  /** This element's own character data, without that of its children. */
  text(): string {
    const [first] = this.children
    if (this.children.length === 1 && typeof first === 'string') {
      return first
    }
    return this.children.filter((node) => typeof node === 'string').join('')
  }

  /** The value of an attribute, by its key in `attributes`. */
  attribute(name: string): string | undefined {
    return this.attributes[name]
  }

  /** The same element with other values for these attributes; `undefined` removes one. */
  withAttributes(changes: Readonly<Record<string, string | undefined>>): Element {
    return new Element(this.name, this.namespace, makeAttributes(changes, this.attributes), this.children)
  }

  /** The same element with these children only. */
  withChildren(children: readonly XmlNode[]): Element {
    return new Element(this.name, this.namespace, this.attributes, mergeText(children))
  }

  /** The same element with more children at its end. */
  append(...nodes: readonly XmlNode[]): Element {
    return this.withChildren([...this.children, ...nodes])
  }

  /** The same element without the child elements for which `predicate` holds; character data stays. */
  without(predicate: (child: Element) => boolean): Element {
    return this.withChildren(this.children.filter((node) => typeof node === 'string' || !predicate(node)))
  }
}

/** Makes an element; attributes whose value is `undefined` are left out. */
export function element(
  name: string,
  namespace: string,
  attributes?: Readonly<Record<string, string | undefined>>,
  children: readonly XmlNode[] = [],
): Element {
  const own = attributes === undefined ? NO_ATTRIBUTES : makeAttributes(attributes)
  return new Element(name, namespace, own, mergeText(children))
}

function makeAttributes(changes: Readonly<Record<string, string | undefined>>, base?: Attributes): Attributes {
  const made: Record<string, string> = Object.create(null)
  for (const key in base) {
    made[key] = base[key] as string
  }
  for (const key of Object.keys(changes)) {
    const value = changes[key]
    if (value === undefined) {
      delete made[key]
    } else {
      made[key] = value
    }
  }
  return made
}

/** What a parser would give: no empty and no adjacent strings. */
function mergeText(children: readonly XmlNode[]): readonly XmlNode[] {
  const merged: XmlNode[] = []
  for (const node of children) {
    const last = merged.at(-1)
    if (typeof node !== 'string') {
      merged.push(node)
    } else if (typeof last === 'string') {
      merged[merged.length - 1] = last + node
    } else if (node !== '') {
      merged.push(node)
    }
  }
  return merged
}
