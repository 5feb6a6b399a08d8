/** What a log line may carry beside its event: short facts, never a message body, never a full JID above `debug`. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Structured log of one component. `event` is a short constant phrase in the protocol's words. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A logger whose lines also carry the name of a part, joined as `parent:name`. */
  child(name: string): Logger
}
