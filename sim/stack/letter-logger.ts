import { LETTER_HANDED_IN } from '../../src/node/letter-inbox.ts'
import type { LogFields, Logger } from '../../src/system/logger.ts'

/** Listens to one thing alone in what a node logs: the ids of messages that came by letter, before they are stored. */
export function letterLogger(handedIn: (id: string) => void): Logger {
  const silent = (): void => {}
  const logger: Logger = {
    debug: (event: string, fields?: LogFields) => {
      if (event === LETTER_HANDED_IN && typeof fields?.id === 'string') {
        handedIn(fields.id)
      }
    },
    info: silent,
    warn: silent,
    error: silent,
    child: () => logger,
  }
  return logger
}
