import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { Store } from '../system/store.ts'
import type { WebHandler } from '../system/web.ts'
import type { GatewayParts } from './features/feature.ts'
import { uploadHandler } from './web/upload-handler.ts'

/** What a web handler is made of. */
export interface WebHandlerContext {
  readonly gateway: GatewayParts
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
}

/** What the gateway answers on the web port beside WebSockets, asked in this order. */
export const webHandlers: readonly ((context: WebHandlerContext) => WebHandler)[] = [
  ({ gateway }) => gateway.webLogins.handle,
  uploadHandler,
]
