import type { Clock } from '../../../system/clock.ts'
import { BoundedMap } from '../../../util/bounded-map.ts'
import { Gate } from '../../../util/gate.ts'
import { type Element, element } from '../../../xml/element.ts'
import { type Caps, capsVersion } from '../../../xmpp/caps.ts'
import { NS_DISCO_INFO } from '../../../xmpp/namespaces.ts'

/** Verification strings remembered, of all clients ever met. *ours* */
const CAPABILITIES_MAX = 1_000
/** Features of one client that are looked at; the longest lists in use have about 80. *ours* */
const CAPABILITIES_MAX_FEATURES = 512
/** Questions under way at a time, and those that wait; more are not asked. *ours* */
const CAPABILITIES_MAX_ASKING = 8
const CAPABILITIES_MAX_WAITING = 512
/** How long a client has to answer, its turn included. *ours* */
const CAPABILITIES_TIMEOUT_MS = 30_000

/** Asks the client that sent the caps for its disco#info (a `<query/>`); resolves with its iq result or error. */
export type AskCapabilities = (query: Element, signal: AbortSignal) => Promise<Element>

/** What clients can do, learnt from the `<c/>` in their presence (XEP-0115), each verification string once. */
export class Capabilities {
  readonly #clock: Pick<Clock, 'timeoutSignal'>
  readonly #stopping: AbortSignal
  readonly #known = new BoundedMap<string, ReadonlySet<string>>({ maxEntries: CAPABILITIES_MAX })
  /** First questions for a verification string; no more than the gate lets wait. */
  readonly #asking = new Map<string, Promise<ReadonlySet<string> | undefined>>()
  readonly #gate = new Gate({ maxInside: CAPABILITIES_MAX_ASKING, maxWaiting: CAPABILITIES_MAX_WAITING })

  /** @param stopping nobody is asked any more once it aborts */
  constructor(clock: Pick<Clock, 'timeoutSignal'>, stopping: AbortSignal) {
    this.#clock = clock
    this.#stopping = stopping
  }

  /** The features of who sent `caps`; undefined if it does not say. Never rejects. */
  async features(caps: Caps, ask: AskCapabilities): Promise<ReadonlySet<string> | undefined> {
    if (caps.hash !== 'sha-1') {
      // XEP-0115 §5.4 rule 2: not verified, so good for this client only.
      return featuresOf(await this.#ask(caps, ask))
    }
    const known = this.#known.get(caps.ver) ?? (await this.#asking.get(caps.ver))
    return known ?? (await this.#learn(caps, ask))
  }

  async #learn(caps: Caps, ask: AskCapabilities): Promise<ReadonlySet<string> | undefined> {
    const asked = this.#ask(caps, ask)
    const verified = asked.then((info) => {
      const isValid = info !== undefined && capsVersion(info) === caps.ver
      return isValid ? featuresOf(info) : undefined
    })
    if (!this.#asking.has(caps.ver)) {
      this.#asking.set(caps.ver, verified)
    }
    const features = await verified
    if (this.#asking.get(caps.ver) === verified) {
      this.#asking.delete(caps.ver)
    }
    if (features !== undefined) {
      this.#known.set(caps.ver, features)
    }
    // §5.4 rule 3.9: what does not match is not remembered, but it is what this client says of itself.
    return features ?? featuresOf(await asked)
  }

  async #ask(caps: Caps, ask: AskCapabilities): Promise<Element | undefined> {
    try {
      const signal = AbortSignal.any([this.#stopping, this.#clock.timeoutSignal(CAPABILITIES_TIMEOUT_MS)])
      const leave = await this.#gate.enter(signal)
      if (leave === undefined) {
        return undefined
      }
      try {
        const query = element('query', NS_DISCO_INFO, { node: `${caps.node}#${caps.ver}` })
        const answer = await ask(query, signal)
        return answer.attribute('type') === 'result' ? answer.child('query', NS_DISCO_INFO) : undefined
      } finally {
        leave()
      }
    } catch {
      // Who does not answer gets no notifications; the next presence asks again.
      return undefined
    }
  }
}

function featuresOf(info: Element | undefined): ReadonlySet<string> | undefined {
  const names = info?.elements('feature', NS_DISCO_INFO).slice(0, CAPABILITIES_MAX_FEATURES)
  return names === undefined ? undefined : new Set(names.map((feature) => feature.attribute('var') ?? ''))
}
