import { drawSessions, shareUpTo } from './draw-sessions.ts'
import { type Effort, type Finding, near, type Reference } from './finding.ts'

const DRAWS = 100_000
const HOUR_MS = 3_600_000
const POINT = 1

/** R12: sessions of IPFS in 2021. */
export const IPFS_2021_SESSIONS: Reference = {
  id: 'R12',
  subject: 'IPFS sessions 2021 (preset ipfs-2021)',
  source: "Trautwein et al., SIGCOMM'22: 87.6 % under 8 h, 2.5 % over 24 h",
  check: ({ seed }: Effort): Finding[] => {
    const sessions = drawSessions('ipfs-2021', DRAWS, seed)
    return [
      percent('under 8 h', 87.6, shareUpTo(sessions, 8 * HOUR_MS)),
      percent('over 24 h', 2.5, 1 - shareUpTo(sessions, 24 * HOUR_MS)),
    ]
  },
}

/** R13: sessions of IPFS in 2022. */
export const IPFS_2022_SESSIONS: Reference = {
  id: 'R13',
  subject: 'IPFS sessions 2022 (preset ipfs-2022)',
  source: 'Probe Lab, RFM2: 50 % within 2 h, 80 % within 8 h',
  check: ({ seed }: Effort): Finding[] => {
    const sessions = drawSessions('ipfs-2022', DRAWS, seed)
    return [
      percent('within 2 h', 50, shareUpTo(sessions, 2 * HOUR_MS)),
      percent('within 8 h', 80, shareUpTo(sessions, 8 * HOUR_MS)),
    ]
  },
}

function percent(quantity: string, published: number, ours: number): Finding {
  return near(quantity, { published, ours: 100 * ours, within: POINT, unit: ' %' })
}
