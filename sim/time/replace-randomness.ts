import nodeCrypto from 'node:crypto'
import type { VirtualTime } from './virtual-time.ts'

type Done<Result> = (error: Error | null, result: Result) => void

/**
 * Puts the seeded stream of the run in the place of ambient randomness: `Math.random`, `crypto.getRandomValues`,
 * `randomUUID` and those of `node:crypto`. What OpenSSL draws for itself cannot be replaced: see `traps.ts`.
 */
export function replaceRandomness(time: VirtualTime): void {
  const bytes = (length: number): Uint8Array => time.ambientRandom.bytes(length)
  const fill = <View extends NodeJS.ArrayBufferView | null>(view: View): View => {
    if (view !== null) {
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes(view.byteLength))
    }
    return view
  }
  const uuid = (): string => uuidOf(bytes(16))
  Math.random = () => time.ambientRandom.uniform(2 ** 32) / 2 ** 32
  const web = Object.getPrototypeOf(globalThis.crypto) as object
  Object.defineProperty(web, 'getRandomValues', { value: fill, configurable: true })
  Object.defineProperty(web, 'randomUUID', { value: uuid, configurable: true })
  Object.assign(nodeCrypto, {
    randomUUID: uuid,
    randomBytes: (length: number, done?: Done<Buffer>) => later(Buffer.from(bytes(length)), done),
    pseudoRandomBytes: (length: number, done?: Done<Buffer>) => later(Buffer.from(bytes(length)), done),
    randomFillSync: (view: NodeJS.ArrayBufferView, offset = 0, size = view.byteLength - offset) => {
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(bytes(size))
      return view
    },
    randomFill: (view: NodeJS.ArrayBufferView, ...rest: unknown[]) => {
      const done = rest.at(-1) as Done<NodeJS.ArrayBufferView>
      const offset = typeof rest[0] === 'number' ? rest[0] : 0
      const size = typeof rest[1] === 'number' ? rest[1] : view.byteLength - offset
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(bytes(size))
      later(view, done)
    },
    randomInt: (...args: unknown[]) => {
      const done = typeof args.at(-1) === 'function' ? (args.pop() as Done<number>) : undefined
      const [low, high] = args.length === 1 ? [0, Number(args[0])] : [Number(args[0]), Number(args[1])]
      return later(low + Number(draw(bytes(8)) % BigInt(high - low)), done)
    },
  })
}

/** 53 bits. */
function draw(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer).getBigUint64(0) >> 11n
}

function later<Result>(result: Result, done: Done<Result> | undefined): Result | undefined {
  if (done === undefined) {
    return result
  }
  queueMicrotask(() => done(null, result))
  return undefined
}

/** RFC 9562 §5.4. */
function uuidOf(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
