import { XmlError } from './xml-error.ts'
import { isNamespace, isNcName, NS_XML, NS_XMLNS } from './xml-name.ts'

/** The namespaces in force inside an element: its own declarations over those of the element around it. */
export class NamespaceScope {
  static readonly ROOT: NamespaceScope = new NamespaceScope(undefined)

  readonly #parent: NamespaceScope | undefined
  #prefixes: Map<string, string> | undefined
  /** The namespace of element names without a prefix. */
  defaultNamespace: string

  constructor(parent: NamespaceScope | undefined) {
    this.#parent = parent
    this.defaultNamespace = parent?.defaultNamespace ?? ''
  }

  /** Takes in `xmlns="…"` or `xmlns:prefix="…"`, within the constraints of Namespaces in XML 1.0 §3. */
  declare(attributeName: string, namespace: string): void {
    const isDefault = attributeName === 'xmlns'
    const prefix = isDefault ? '' : attributeName.slice('xmlns:'.length)
    if (prefix === 'xml' && namespace === NS_XML) {
      return
    }
    const reserved = prefix === 'xml' || prefix === 'xmlns' || namespace === NS_XML || namespace === NS_XMLNS
    if (reserved || (!isDefault && (namespace === '' || !isNcName(prefix)))) {
      throw new XmlError('not-well-formed', `illegal namespace declaration ${attributeName}`)
    }
    if (!isNamespace(namespace)) {
      throw new XmlError('policy-violation', 'a namespace that is no URI')
    }
    if (isDefault) {
      this.defaultNamespace = namespace
    } else {
      this.#prefixes ??= new Map()
      this.#prefixes.set(prefix, namespace)
    }
  }

  /** The namespace of a prefix. */
  resolve(prefix: string): string {
    if (prefix === 'xml') {
      return NS_XML
    }
    let scope: NamespaceScope | undefined = this
    while (scope !== undefined) {
      const namespace = scope.#prefixes?.get(prefix)
      if (namespace !== undefined) {
        return namespace
      }
      scope = scope.#parent
    }
    // RFC 6120 §11.1: what is not namespace-well-formed is answered with not-well-formed.
    throw new XmlError('not-well-formed', `unbound namespace prefix ${prefix}`)
  }
}
