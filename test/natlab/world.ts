import { mkdtempSync, rmSync } from 'node:fs'
import type { AfterHooks } from '../support/kabber-process.ts'
import { Internet, type LabHost } from './internet.ts'
import { LabNode, LabRelay } from './lab-node.ts'
import { fileOf, obstacle } from './netns.ts'
import { PLACES, type Place } from './places.ts'

/** Exit code where namespaces are not allowed. */
const REFUSED = 2

/** The public network with relays, and folders for the homes of whoever is in it. */
export class World {
  readonly hooks: AfterHooks
  readonly internet: Internet
  readonly folder: string
  readonly relays: LabRelay[] = []

  private constructor(hooks: AfterHooks) {
    this.hooks = hooks
    this.internet = new Internet(hooks)
    this.folder = mkdtempSync(fileOf('home'))
    hooks.after(() => rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 }))
  }

  /** Builds it with so many relays, each in a network of its own; every one knows those before it. */
  static async open(hooks: AfterHooks, relays: number, ...relayArgs: readonly string[]): Promise<World> {
    const world = new World(hooks)
    for (let number = 1; number <= relays; number++) {
      await world.addRelay(`relay${number}`, ...relayArgs)
    }
    return world
  }

  get bootstrap(): readonly string[] {
    return this.relays.flatMap((relay) => relay.bootstrap)
  }

  async addRelay(name: string, ...args: readonly string[]): Promise<LabRelay> {
    const known = this.bootstrap.flatMap((address) => ['--bootstrap', address])
    const relay = new LabRelay(this.hooks, this.internet.publicHost(name), this.folder, [...known, ...args])
    await relay.start()
    this.relays.push(relay)
    return relay
  }

  /** A person at a place, with a home; the node does not run yet. */
  async person(name: string, place: Place | string): Promise<LabNode> {
    const host = await this.internet.host(name, typeof place === 'string' ? placeNamed(place) : place)
    return await this.personOn(host)
  }

  async personOn(host: LabHost): Promise<LabNode> {
    const node = new LabNode(this.hooks, host, { folder: this.folder, bootstrap: this.bootstrap })
    await node.init()
    return node
  }
}

/** @throws Error naming the ones there are */
export function placeNamed(name: string): Place {
  const place = PLACES.find((candidate) => candidate.name === name)
  if (place === undefined) {
    throw new Error(
      `'${name}' is no place of the laboratory; there are ${PLACES.map((known) => known.name).join(', ')}`,
    )
  }
  return place
}

/** Ends the process with a clear line where no laboratory can be built. */
export function refuseWithoutNamespaces(command: string): void {
  const reason = obstacle(['setpriv', 'miniupnpd'])
  if (reason !== undefined) {
    console.error(`${command} cannot run: ${reason}`)
    process.exit(REFUSED)
  }
}
