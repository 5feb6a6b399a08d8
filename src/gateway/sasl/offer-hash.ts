import { toBase64, toUtf8 } from '../../util/bytes.ts'
import type { SaslContext } from './sasl-exchange.ts'
import { hashOf, type ScramHash } from './scram-keys.ts'

/** XEP-0474 §4.1: the hash by which a client notices that somebody shortened our offer of mechanisms and bindings. */
export function offerHash(hash: ScramHash, { mechanisms, tls }: Pick<SaslContext, 'mechanisms' | 'tls'>): string {
  // All names are ASCII: the order of UTF-16 units is that of octets.
  const bindings = tls === undefined ? [] : [...tls.channelBindings.keys()].sort()
  const offered = [...mechanisms].sort().join('\x1e')
  const text = bindings.length === 0 ? offered : `${offered}\x1f${bindings.join('\x1e')}`
  return toBase64(hashOf(hash, toUtf8(text)))
}
