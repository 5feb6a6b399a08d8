import type { NodeHome } from './node-home.ts'

/** Why a node is off. */
export type AbsenceReason = 'churn' | 'away' | 'killed' | 'not-yet'

/** Switches one node on while no reason keeps it off. */
export class Attendance {
  readonly home: NodeHome
  readonly #reasons = new Set<AbsenceReason>(['not-yet'])
  /** Whether it finds its disk when it comes back. */
  #disk = true

  constructor(home: NodeHome) {
    this.home = home
  }

  get reasons(): ReadonlySet<AbsenceReason> {
    return this.#reasons
  }

  /** The reason is gone; with `disk` false the node comes back without its disk. */
  allow(reason: AbsenceReason, disk = true): void {
    this.#disk &&= disk
    this.#reasons.delete(reason)
    if (this.#reasons.size === 0) {
      const withDisk = this.#disk
      this.#disk = true
      void this.#join(withDisk)
    }
  }

  /** Goes away, in good order or by a crash. */
  refuse(reason: AbsenceReason, kind: 'leave' | 'crash'): void {
    this.#reasons.add(reason)
    if (kind === 'crash') {
      this.home.crash()
    } else {
      void this.home.leave()
    }
  }

  /** No reason counts any more but those of which `stays` is true. */
  recall(stays: (reason: AbsenceReason) => boolean): void {
    for (const reason of [...this.#reasons]) {
      if (!stays(reason)) {
        this.allow(reason)
      }
    }
  }

  async #join(disk: boolean): Promise<void> {
    await this.home.join(disk, () => this.#reasons.size === 0)
  }
}
