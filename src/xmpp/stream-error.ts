import { type Element, element } from '../xml/element.ts'
import { NS_STREAM, NS_STREAMS } from './namespaces.ts'

/** The conditions of RFC 6120 §4.9.3. */
export const STREAM_ERROR_CONDITIONS = [
  'bad-format',
  'bad-namespace-prefix',
  'conflict',
  'connection-timeout',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'invalid-from',
  'invalid-namespace',
  'invalid-xml',
  'not-authorized',
  'not-well-formed',
  'policy-violation',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'restricted-xml',
  'see-other-host',
  'system-shutdown',
  'undefined-condition',
  'unsupported-encoding',
  'unsupported-feature',
  'unsupported-stanza-type',
  'unsupported-version',
] as const

/** A condition of RFC 6120 §4.9.3. */
export type StreamErrorCondition = (typeof STREAM_ERROR_CONDITIONS)[number]

/** Why a stream is closed; there is no going on after it (RFC 6120 §4.9.1.1). */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  readonly condition: StreamErrorCondition
  /** What a person may be shown; in English. */
  readonly text: string | undefined

  constructor(condition: StreamErrorCondition, text?: string, options?: ErrorOptions) {
    super(text === undefined ? condition : `${condition}: ${text}`, options)
    this.condition = condition
    this.text = text
  }

  /** The `<stream:error/>`. */
  toElement(): Element {
    const condition = element(this.condition, NS_STREAMS)
    const text = this.text === undefined ? [] : [element('text', NS_STREAMS, { 'xml:lang': 'en' }, [this.text])]
    return element('error', NS_STREAM, {}, [condition, ...text])
  }
}
