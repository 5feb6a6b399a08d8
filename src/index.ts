// The public entry of the package. Nothing else is public.
export { NS_OWNER } from './gateway/features/owner/owner-requests.ts'
export { createGateway, type Gateway } from './gateway/gateway.ts'
export { ClientPasswords } from './gateway/sasl/client-passwords.ts'
export { AccountKey } from './identity/account-key.ts'
export {
  type Contact,
  type ContactUriParts,
  formatContactUri,
  parseAddress,
  parseContactUri,
} from './identity/contact-uri.ts'
export { IdentityError, type IdentityProblem } from './identity/identity-error.ts'
export { isMultiaddrText, splitPeerAddress } from './identity/multiaddr-text.ts'
export { NodeKey } from './identity/node-key.ts'
export { phraseFromSeed, seedFromPhrase } from './identity/recovery-phrase.ts'
export { aliasOf } from './node/account-alias.ts'
export type {
  Account,
  AccountEvent,
  ArchivedMessage,
  DeliveryState,
  HistoryQuery,
  KabberNode,
  NodeInit,
  NodeStatus,
  RosterEntry,
  SentMessage,
} from './node/api.ts'
export { createNode } from './node/node.ts'
export { addOwnAccount, type OwnAccount, type OwnKeys, readOwnKeys, writeOwnKeys } from './node/own-keys.ts'
export { nodeSchema } from './schema.ts'
export type { ClientListener } from './system/client-connection.ts'
export type { Clock, Timer } from './system/clock.ts'
export type { LogFields, Logger } from './system/logger.ts'
export {
  DialError,
  type DialFailure,
  type Network,
  type NetworkEvent,
  type NetworkStream,
  type PeerAddresses,
  type PeerIdText,
  type Reachability,
  type ReachReport,
  type StreamHandler,
  type StreamLimits,
} from './system/network.ts'
export type { Random } from './system/random.ts'
export {
  type Reader,
  type Schema,
  type Store,
  StoreError,
  type StoreFailure,
  type Transaction,
} from './system/store.ts'
export type { System } from './system/system.ts'
export type { WebHandler } from './system/web.ts'
export { Element, element, type XmlNode } from './xml/element.ts'
export { serialize } from './xml/serializer.ts'
export { StreamParser } from './xml/stream-parser.ts'
export { type Availability, availabilityOf } from './xmpp/availability.ts'
export { NS_CLIENT } from './xmpp/namespaces.ts'
export { StanzaError } from './xmpp/stanza-error.ts'
export type { Subscription } from './xmpp/subscription-state.ts'
