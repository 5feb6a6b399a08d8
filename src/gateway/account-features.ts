import type { Feature, FeatureContext } from './features/feature.ts'
import { OwnerFeature } from './features/owner.ts'

/** What every account of the gateway offers its clients and contacts; made for each account, in this order. */
export const accountFeatures: readonly ((context: FeatureContext) => Feature)[] = [
  (context) => new OwnerFeature(context),
]
