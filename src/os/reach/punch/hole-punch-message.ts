import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { field, type MessageOf, protobufMessage } from '../../../util/protobuf.ts'
import { ProtocolViolation } from '../../../util/protocol-violation.ts'
import { MAX_NAMED_ADDRESS_BYTES, MAX_NAMED_ADDRESSES } from './punch-limits.ts'

/** `HolePunch.Type` (DCUtR, "RPC messages"). */
const TYPES = { CONNECT: 100, SYNC: 300 } as const

/** CONNECT names addresses, SYNC says: dial now. */
export type HolePunchType = keyof typeof TYPES

const holePunch = protobufMessage({
  type: field.uint32(1),
  obsAddrs: field.repeated(field.bytes(2, { maxBytes: MAX_NAMED_ADDRESS_BYTES }), { maxItems: MAX_NAMED_ADDRESSES }),
})

/** A `HolePunch` message without its length. */
export function encodeHolePunch(type: HolePunchType, addresses: readonly Multiaddr[] = []): Uint8Array {
  const value: MessageOf<typeof holePunch> = { type: TYPES[type], obsAddrs: addresses.map(({ bytes }) => bytes) }
  return holePunch.encode(value)
}

/** The addresses of a message that must be of type `expected`; those that are no multiaddrs are left out. @throws ProtocolViolation */
export function decodeHolePunch(bytes: Uint8Array, expected: HolePunchType): Multiaddr[] {
  const { type, obsAddrs } = holePunch.decode(bytes)
  if (type !== TYPES[expected]) {
    throw new ProtocolViolation('out-of-order', `a message of type ${type} where ${expected} is due`)
  }
  return obsAddrs.flatMap(parse)
}

function parse(bytes: Uint8Array): Multiaddr[] {
  try {
    return [multiaddr(bytes)]
  } catch {
    return []
  }
}
