import { announcementsFeature } from './features/announcements.ts'
import { archiveFeature } from './features/archive/archive.ts'
import { blockingFeature } from './features/blocking.ts'
import { discoFeature } from './features/disco.ts'
import { entityTimeFeature } from './features/entity-time.ts'
import { externalServicesFeature } from './features/external-services.ts'
import type { Feature, FeatureContext } from './features/feature.ts'
import { lastActivityFeature } from './features/last-activity.ts'
import { OwnerFeature } from './features/owner/owner.ts'
import { PersonalFeature } from './features/personal/personal.ts'
import { pingFeature } from './features/ping.ts'
import { softwareVersionFeature } from './features/software-version.ts'
import { uploadFeature } from './features/upload/upload.ts'

/** What every account of the gateway offers its clients and contacts; made for each account, in this order. */
export const accountFeatures: readonly ((context: FeatureContext) => Feature)[] = [
  (context) => new OwnerFeature(context),
  announcementsFeature,
  archiveFeature,
  blockingFeature,
  discoFeature,
  entityTimeFeature,
  externalServicesFeature,
  lastActivityFeature,
  (context) => new PersonalFeature(context),
  pingFeature,
  softwareVersionFeature,
  uploadFeature,
]
