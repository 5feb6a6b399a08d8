import { type Attributes, Element, NO_ATTRIBUTES, type XmlNode } from './element.ts'
import { NamespaceScope } from './namespace-scope.ts'
import { XmlError } from './xml-error.ts'
import type { XmlLimits } from './xml-limits.ts'
import { isName, isNcName } from './xml-name.ts'

/**
 * Makes elements out of the events of a parser that knows no namespaces: resolves names, checks limits as early as an
 * event allows. Trusts the parser for well-formedness in the sense of XML 1.0, not of Namespaces in XML.
 */
export class TreeBuilder {
  readonly #limits: XmlLimits
  readonly #open: Element[] = []
  readonly #children: XmlNode[][] = []
  readonly #scopes: NamespaceScope[] = []
  #scope: NamespaceScope
  #outermostScope: NamespaceScope
  #root: Element | undefined
  #elements = 0
  #namespaceLength = 0
  #attributes = 0
  /** Attributes and declarations when the element is written by itself: what we take in we can read again. */
  #written = 1
  #declaresDefault = false
  #hasPrefixedAttributes = false

  /** `scope` holds the namespaces in force around the element. */
  constructor(limits: XmlLimits, scope: NamespaceScope = NamespaceScope.ROOT) {
    this.#limits = limits
    this.#scope = scope
    this.#outermostScope = scope
  }

  /** The namespaces in force inside the outermost element, once its tag is complete. */
  get outermostScope(): NamespaceScope {
    return this.#outermostScope
  }

  /** A tag has begun; its attributes are still to come. */
  openTagStart(name: string): void {
    if (this.#root !== undefined) {
      throw new XmlError('not-well-formed', 'more than one element')
    }
    if (this.#open.length >= this.#limits.maxDepth) {
      throw new XmlError('policy-violation', 'elements nested too deep')
    }
    this.#elements += 1
    if (this.#elements > this.#limits.maxElements) {
      throw new XmlError('policy-violation', 'too many elements')
    }
    this.#checkName(name)
    this.#attributes = 0
    this.#written = 1
    this.#declaresDefault = false
    this.#hasPrefixedAttributes = false
  }

  /** An attribute of the tag that has begun. */
  attribute(name: string): void {
    this.#attributes += 1
    this.#checkName(name)
    const isPrefixed = name.includes(':') && !name.startsWith('xml:')
    if (!isDeclaration(name)) {
      this.#written += isPrefixed ? 2 : 1
    }
    if (this.#attributes > this.#limits.maxAttributes || this.#written > this.#limits.maxAttributes) {
      throw new XmlError('policy-violation', 'too many attributes')
    }
    this.#declaresDefault ||= name === 'xmlns'
    this.#hasPrefixedAttributes ||= name.includes(':')
  }

  /** The tag is complete. `attributes` has no prototype, is keyed by qualified name, and is given away. */
  openTag(name: string, attributes: Record<string, string>): void {
    this.#scopes.push(this.#scope)
    let own: Attributes = attributes
    if (this.#hasPrefixedAttributes) {
      own = this.#resolveAttributes(attributes)
    } else if (this.#declaresDefault) {
      own = this.#takeDefaultNamespace(attributes)
    } else if (this.#attributes === 0) {
      own = NO_ATTRIBUTES
    }
    if (this.#open.length === 0) {
      this.#outermostScope = this.#scope
    }
    const children: XmlNode[] = []
    const opened = this.#makeElement(name, own, children)
    if (opened.namespace !== this.#open.at(-1)?.namespace) {
      this.#countNamespace(opened.namespace)
    }
    this.#children.at(-1)?.push(opened)
    this.#open.push(opened)
    this.#children.push(children)
  }

  /** Character data, in any number of pieces. */
  text(text: string): void {
    const children = this.#children.at(-1)
    if (children === undefined || text === '') {
      return
    }
    const last = children.length - 1
    if (typeof children[last] === 'string') {
      children[last] += text
    } else {
      children.push(text)
    }
  }

  closeTag(): void {
    const closed = this.#open.pop()
    this.#children.pop()
    this.#scope = this.#scopes.pop() ?? NamespaceScope.ROOT
    if (this.#open.length === 0) {
      this.#root = closed
    }
  }

  /** Gives the element that was completed, and is ready for another. */
  take(): Element {
    const root = this.#root
    if (root === undefined) {
      throw new XmlError('not-well-formed', 'no complete element')
    }
    this.#root = undefined
    this.#elements = 0
    this.#namespaceLength = 0
    return root
  }

  #checkName(name: string): void {
    if (name.length > this.#limits.maxNameLength) {
      throw new XmlError('policy-violation', 'name too long')
    }
    if (!isName(name)) {
      throw new XmlError('policy-violation', 'a name that is not ASCII')
    }
  }

  #declare(name: string, namespace: string): void {
    if (namespace.length > this.#limits.maxNameLength) {
      throw new XmlError('policy-violation', 'namespace too long')
    }
    this.#scope.declare(name, namespace)
  }

  /** Counts a namespace that has to be declared when the element is written again. */
  #countNamespace(namespace: string): void {
    this.#namespaceLength += namespace.length
    if (this.#namespaceLength > this.#limits.maxBytes) {
      throw new XmlError('policy-violation', 'namespaces used too often')
    }
  }

  #makeElement(name: string, attributes: Attributes, children: XmlNode[]): Element {
    const colon = name.indexOf(':')
    if (colon === -1) {
      return new Element(name, this.#scope.defaultNamespace, attributes, children)
    }
    const local = localName(name, colon)
    return new Element(local, this.#scope.resolve(name.slice(0, colon)), attributes, children)
  }

  /** By far the most common declaration, and then the only one; taken out in place. */
  #takeDefaultNamespace(attributes: Record<string, string>): Attributes {
    this.#scope = new NamespaceScope(this.#scope)
    this.#declare('xmlns', attributes.xmlns as string)
    delete attributes.xmlns
    return this.#attributes === 1 ? NO_ATTRIBUTES : attributes
  }

  #resolveAttributes(attributes: Record<string, string>): Attributes {
    const names = Object.keys(attributes)
    if (names.some(isDeclaration)) {
      this.#scope = new NamespaceScope(this.#scope)
    }
    for (const name of names) {
      if (isDeclaration(name)) {
        this.#declare(name, attributes[name] as string)
      }
    }
    const resolved: Record<string, string> = Object.create(null)
    for (const name of names) {
      if (isDeclaration(name)) {
        continue
      }
      const key = this.#attributeKey(name)
      if (key in resolved) {
        throw new XmlError('not-well-formed', `duplicate attribute ${key}`)
      }
      resolved[key] = attributes[name] as string
    }
    return resolved
  }

  #attributeKey(name: string): string {
    const colon = name.indexOf(':')
    if (colon === -1) {
      return name
    }
    const local = localName(name, colon)
    const prefix = name.slice(0, colon)
    if (prefix === 'xml') {
      return name
    }
    const namespace = this.#scope.resolve(prefix)
    this.#countNamespace(namespace)
    return `{${namespace}}${local}`
  }
}

function isDeclaration(name: string): boolean {
  return name === 'xmlns' || name.startsWith('xmlns:')
}

function localName(name: string, colon: number): string {
  const local = name.slice(colon + 1)
  if (colon === 0 || !isNcName(local)) {
    throw new XmlError('not-well-formed', `illegal name ${name}`)
  }
  return local
}
