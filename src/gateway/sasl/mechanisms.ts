import type { ClientConnection } from '../../system/client-connection.ts'
import { ExternalExchange } from './external.ts'
import { PlainExchange } from './plain.ts'
import { SaslError } from './sasl-error.ts'
import type { SaslContext, SaslExchange } from './sasl-exchange.ts'
import { ScramExchange } from './scram.ts'

type MakeExchange = (context: SaslContext) => SaslExchange

/** All SASL mechanisms that this server knows, the best first (RFC 6120 §6.3.3). */
const MECHANISMS: Readonly<Record<string, MakeExchange>> = {
  EXTERNAL: (context) => new ExternalExchange(context),
  'SCRAM-SHA-256-PLUS': (context) => new ScramExchange(context, 'sha256', true),
  'SCRAM-SHA-1-PLUS': (context) => new ScramExchange(context, 'sha1', true),
  'SCRAM-SHA-256': (context) => new ScramExchange(context, 'sha256', false),
  'SCRAM-SHA-1': (context) => new ScramExchange(context, 'sha1', false),
  PLAIN: (context) => new PlainExchange(context),
}

/** What of a connection decides on the offer. */
export type OfferedTo = Pick<ClientConnection, 'transport' | 'isLocal' | 'tls'>

/** The names of the mechanisms that are offered on a connection, in their order; none in clear over a network. */
export function offeredMechanisms(connection: OfferedTo): readonly string[] {
  const tls = connection.tls()
  if (tls === undefined && !connection.isLocal) {
    return []
  }
  const canBind = tls !== undefined && tls.channelBindings.size > 0
  return Object.keys(MECHANISMS).filter((name) => {
    if (name === 'EXTERNAL') {
      return connection.transport === 'unix'
    }
    return canBind || !name.endsWith('-PLUS')
  })
}

/** Begins an exchange. @throws SaslError `invalid-mechanism`, `encryption-required` */
export function beginExchange(name: string, context: SaslContext): SaslExchange {
  const make = Object.hasOwn(MECHANISMS, name) ? MECHANISMS[name] : undefined
  if (make !== undefined && context.mechanisms.includes(name)) {
    return make(context)
  }
  // RFC 6120 §6.5.4: it would be offered inside TLS.
  if (make !== undefined && name !== 'EXTERNAL' && context.mechanisms.length === 0) {
    throw new SaslError('encryption-required')
  }
  throw new SaslError('invalid-mechanism')
}
