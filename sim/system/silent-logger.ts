import type { Logger } from '../../src/system/logger.ts'

/** Says nothing: hundreds of nodes would. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
