import type { BindRequest, BoundSession } from '../client-session.ts'
import type { Feature, FeatureContext } from '../features/feature.ts'

/** What the sessions of an account are made of. */
export type AccountHubComponents = Omit<FeatureContext, 'sessions' | 'features'>

/** The clients of one account: binding, routing, presence, roster, carbons, delivery. */
export class AccountHub {
  constructor(_components: AccountHubComponents, _features: readonly ((context: FeatureContext) => Feature)[]) {}

  start(): void {
    throw new Error('being written')
  }

  bind(_request: BindRequest): BoundSession {
    throw new Error('being written')
  }

  async stop(): Promise<void> {
    throw new Error('being written')
  }
}
