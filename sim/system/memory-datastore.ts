import { MemoryDatastore } from 'datastore-core'
import type { Key } from 'interface-datastore'

/** A datastore in memory whose values are copies: those it is given are often a few bytes of a buffer of 64 KiB. */
export class SimulatedDatastore extends MemoryDatastore {
  override put(key: Key, value: Uint8Array, options?: { signal?: AbortSignal }): Key | Promise<Key> {
    return super.put(key, new Uint8Array(value), options)
  }
}
