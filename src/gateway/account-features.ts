import type { Feature, FeatureContext } from './features/feature.ts'

/** What every account of the gateway offers its clients and contacts; made for each account, in this order. */
export const accountFeatures: readonly ((context: FeatureContext) => Feature)[] = []
