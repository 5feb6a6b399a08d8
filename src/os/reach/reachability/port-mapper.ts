import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import type { Logger } from '../../../system/logger.ts'
import type { ReachReport } from '../../../system/network.ts'
import { isPublicAddress } from '../../libp2p-addresses.ts'
import { type PortMapping, type Router, RouterRefusal } from './router.ts'

/** Asked for; renewed at the half. A router that lost it when it restarted is found out by then. */
const LIFETIME_S = 3_600
/** Renewals never come closer together, whatever lifetime a router grants. */
const MIN_RENEWAL_MS = 60_000
/** Between two searches when there is no router, or it refuses. */
const RETRY_MS = 600_000
const ROUTER_TIMEOUT_MS = 10_000
const UNMAP_TIMEOUT_MS = 2_000

/** What the mapper of ports needs. */
export interface PortMapperComponents {
  readonly clock: Pick<Clock, 'sleep' | 'timeoutSignal'>
  readonly logger: Logger
  /** The TCP port to map and the private IPv4 addresses it is listened on; undefined when there is nothing to map. */
  readonly listening: () => { readonly port: number; readonly addresses: readonly string[] } | undefined
  readonly findRouters: (addresses: readonly string[], signal: AbortSignal) => Promise<readonly Router[]>
  /** What `report()` returns has changed. */
  readonly onChange: () => void
}

type Report = ReachReport['portMapping']

/** Keeps the listening port open on the router while the node runs, and gives it back in the end. */
export class PortMapper {
  readonly #components: PortMapperComponents
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #wake = new AbortController()
  #report: Report = { state: 'off' }
  #isSettled = false
  #mapped: { readonly router: Router; readonly mapping: PortMapping } | undefined

  constructor(components: PortMapperComponents) {
    this.#components = components
    this.#running = this.#run()
  }

  report(): Report {
    return this.#report
  }

  /** Whether it is known what the router of this network does. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** The address under which the router lets strangers in, if that is a public one. */
  address(): Multiaddr | undefined {
    return this.#report.state === 'mapped' && this.#report.address !== undefined
      ? multiaddr(this.#report.address)
      : undefined
  }

  /** The machine may be behind another router: begins anew. */
  restart(): void {
    this.#mapped = undefined
    this.#isSettled = false
    this.#wake.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    await this.#running
    if (this.#mapped !== undefined) {
      const { router, mapping } = this.#mapped
      await router.unmap(mapping, this.#components.clock.timeoutSignal(UNMAP_TIMEOUT_MS)).catch(() => {})
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      this.#wake = new AbortController()
      const woken = this.#wake.signal
      const waitMs = await this.#round().catch(() => RETRY_MS)
      if (!woken.aborted) {
        this.#isSettled = true
        this.#components.onChange()
      }
      await this.#components.clock.sleep(waitMs, AbortSignal.any([signal, this.#wake.signal])).catch(() => {})
    }
  }

  /** Maps or renews; gives the time until the next round, in milliseconds. */
  async #round(): Promise<number> {
    const listening = this.#components.listening()
    if (listening === undefined) {
      this.#mapped = undefined
      this.#tell({ state: 'off' })
      return RETRY_MS
    }
    const signal = AbortSignal.any([this.#stopping.signal, this.#wake.signal])
    const isRenewal = this.#mapped !== undefined
    const routers = this.#mapped === undefined ? await this.#search(listening.addresses, signal) : [this.#mapped.router]
    this.#mapped = undefined
    let refusal: Report | undefined
    for (const router of routers) {
      try {
        const bounded = AbortSignal.any([signal, this.#components.clock.timeoutSignal(ROUTER_TIMEOUT_MS)])
        const mapping = await router.map(listening.port, LIFETIME_S, bounded)
        this.#mapped = { router, mapping }
        const report = reportOf(mapping, router)
        this.#tell(report)
        return Math.max(MIN_RENEWAL_MS, (mapping.lifetimeS * 1_000) / 2)
      } catch (error) {
        refusal ??=
          error instanceof RouterRefusal ? { state: 'refused', reason: `${router.name}: ${error.message}` } : undefined
      }
    }
    if (!signal.aborted) {
      this.#tell(refusal ?? { state: 'no-router' })
    }
    return isRenewal ? MIN_RENEWAL_MS : RETRY_MS
  }

  async #search(addresses: readonly string[], signal: AbortSignal): Promise<readonly Router[]> {
    if (this.#report.state === 'off') {
      this.#tell({ state: 'searching' })
    }
    return await this.#components.findRouters(addresses, signal)
  }

  #tell(report: Report): void {
    const { logger, onChange } = this.#components
    const before = JSON.stringify(this.#report)
    this.#report = report
    if (JSON.stringify(report) !== before) {
      logger.info('port mapping', { ...report })
      onChange()
    }
  }
}

/** A mapping on a router that is itself behind a NAT lets nobody in. */
function reportOf({ externalIp, externalPort }: PortMapping, router: Router): Report {
  const address = /^\d+(\.\d+){3}$/.test(externalIp) ? `/ip4/${externalIp}/tcp/${externalPort}` : undefined
  if (address !== undefined && isPublicAddress(multiaddr(address))) {
    return { state: 'mapped', address }
  }
  const outside = externalIp === '' ? 'no address outside' : `the private address ${externalIp} outside`
  return {
    state: 'refused',
    reason: `${router.name} has ${outside}: it is behind another NAT (carrier-grade NAT) itself`,
  }
}
