import type { ComponentLogger, Logger as Libp2pLogger } from '@libp2p/interface'
import type { Logger } from '../system/logger.ts'

/** libp2p's logger: what it calls errors (a peer that is away is one) goes to `debug`, the rest nowhere. */
export function libp2pLogger(logger: Logger): ComponentLogger {
  const create = (component: string): Libp2pLogger =>
    Object.assign(() => {}, {
      enabled: false,
      trace: () => {},
      error: (formatter: unknown, ...args: unknown[]) => {
        const error = args.find((arg) => arg instanceof Error)
        logger.debug(String(formatter), { component, error: error?.message })
      },
      newScope: (name: string) => create(`${component}:${name}`),
    })
  return { forComponent: create }
}
