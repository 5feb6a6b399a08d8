import type { Clock, Timer } from '../../system/clock.ts'
import { element } from '../../xml/element.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_SM } from './stream-namespaces.ts'
import type { StreamSession } from './stream-session.ts'

/** How long an answer waits for what is under way; then it says how far we are, and another follows. */
const PATIENCE_MS = 500

/**
 * Answers requests to acknowledge (XEP-0198 §4): when the stanzas before the request are handled, or after a while with
 * as many as are.
 */
export class AckReplies {
  readonly #stream: StreamControl
  readonly #session: StreamSession
  readonly #clock: Pick<Clock, 'schedule'>
  #isOwed = false
  #timer: Timer | undefined

  constructor(stream: StreamControl, session: StreamSession, clock: Pick<Clock, 'schedule'>) {
    this.#stream = stream
    this.#session = session
    this.#clock = clock
  }

  /** The client asks. */
  requested(): void {
    this.#isOwed = true
    if (this.#session.isIdle) {
      this.#answer()
      return
    }
    this.#timer ??= this.#clock.schedule(PATIENCE_MS, () => {
      this.#timer = undefined
      if (this.#isOwed) {
        this.#send()
      }
    })
  }

  /** Stanzas were handled. */
  progress(): void {
    if (this.#isOwed && this.#session.isIdle) {
      this.#answer()
    }
  }

  #answer(): void {
    this.#isOwed = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#send()
  }

  #send(): void {
    this.#stream.send(element('a', NS_SM, { h: String(this.#session.handledCount) }))
  }
}
