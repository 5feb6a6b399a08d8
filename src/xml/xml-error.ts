/** Why a frame is refused, as a stream error condition of RFC 6120 §4.9.3. */
export type XmlErrorCondition =
  | 'not-well-formed'
  | 'restricted-xml'
  | 'policy-violation'
  | 'bad-namespace-prefix'
  | 'unsupported-encoding'

/** Longest message kept, in UTF-16 code units: parser messages quote what the peer sent. */
const MAX_MESSAGE_LENGTH = 200

/** Thrown for XML that an XMPP entity must not accept or cannot send; `condition` is what the peer is told. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
  readonly condition: XmlErrorCondition

  constructor(condition: XmlErrorCondition, message: string, options?: ErrorOptions) {
    super(message.slice(0, MAX_MESSAGE_LENGTH), options)
    this.condition = condition
  }
}
