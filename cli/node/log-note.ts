import { OsClock } from '../../src/os/os-clock.ts'
import { StderrLogger } from '../../src/os/stderr-logger.ts'
import type { Output } from '../output.ts'
import type { NetworkOptions } from './network-options.ts'

/** Says on stderr what happens to a node as a whole: to people as text, and as a log line where logs are JSON. */
export function logNote(output: Output, { log }: Pick<NetworkOptions, 'log'>): (text: string) => void {
  if (log.logFormat !== 'json') {
    return (text) => output.note(text)
  }
  const logger = new StderrLogger({ clock: new OsClock(), format: 'json', level: 'info' })
  return (text) => logger.info(text)
}
