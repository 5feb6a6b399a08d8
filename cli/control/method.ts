import type { ControlEvent } from './messages.ts'

/** What a method may do with the connection that called it. */
export interface ControlCaller {
  /** Lets the connection stay open in silence; `onClose` runs when it is gone. */
  subscribe(onClose: () => void): void
  /** Tells the other end an event. */
  tell(event: ControlEvent): void
}

/** Answers a request; throws `CliError` or `StanzaError` for what the caller should see. */
export type ControlMethod = (params: Readonly<Record<string, unknown>>, caller: ControlCaller) => Promise<object>

/** The methods of a control socket by name. */
export type ControlMethods = ReadonlyMap<string, ControlMethod>
