import asyncHooks from 'node:async_hooks'
import nodeCrypto from 'node:crypto'
import { RealWorkError, type VirtualTime } from './virtual-time.ts'

/**
 * Kinds of asynchronous resources that are no work outside the event loop. The driver's own turns are immediates; of
 * ports (mortice opens one and nobody writes to it) the messages are trapped.
 */
const HARMLESS: ReadonlySet<string> = new Set(['TickObject', 'Microtask', 'Immediate', 'PROMISE', 'MESSAGEPORT'])
/** Output of the program itself, when it writes to a pipe or terminal. */
const OUTPUT: ReadonlySet<string> = new Set(['WRITEWRAP', 'TTYWRAP', 'PIPEWRAP', 'SHUTDOWNWRAP', 'SIGNALWRAP'])
/** Jobs of `node:crypto`, done at once or in the thread pool: which of the two only the call tells. */
const CRYPTO_JOB_ENDING = 'REQUEST'
/** Functions of `node:crypto` that go to the thread pool when they are given a callback. */
const POOLED = [
  ...['pbkdf2', 'scrypt', 'hkdf', 'generateKey', 'generateKeyPair', 'generatePrime', 'checkPrime', 'argon2'],
  ...['sign', 'verify', 'diffieHellman', 'encapsulate', 'decapsulate'],
]
/** Functions of `node:crypto` that draw from OpenSSL's own generator, which nothing can seed. */
const UNSEEDABLE = ['generateKeyPairSync', 'generateKeySync', 'generatePrimeSync', 'encapsulate'] as const
const STACK_FRAMES = 24

/**
 * Sees every asynchronous resource that Node makes (thread pool, sockets, files, real timers, workers), and ends the run
 * with the name of the function and the line that called it.
 */
export function setTraps(time: VirtualTime): void {
  const report = (kind: string): void => {
    if (time.isRunning) {
      time.fail(new RealWorkError(`real asynchronous work inside a run: ${describe(kind)}`))
    }
  }
  const hook = asyncHooks.createHook({
    init: (_id: number, kind: string) => {
      if (!(HARMLESS.has(kind) || OUTPUT.has(kind) || kind.endsWith(CRYPTO_JOB_ENDING))) {
        report(kind)
      }
    },
    trackPromises: false,
  } as asyncHooks.HookCallbacks)
  hook.enable()
  const realWork = (what: string) => (): RealWorkError =>
    new RealWorkError(`real asynchronous work inside a run: ${what}${caller()}`)
  const subtle = Object.getPrototypeOf(globalThis.crypto.subtle) as object
  for (const name of Object.getOwnPropertyNames(subtle).filter((key) => key !== 'constructor' && key !== 'supports')) {
    trap(time, subtle, name, () => true, realWork(`crypto.subtle.${name}`))
  }
  for (const name of POOLED) {
    trap(time, nodeCrypto, name, (args) => typeof args.at(-1) === 'function', realWork(`crypto.${name}`))
  }
  for (const name of UNSEEDABLE) {
    const error = (): RealWorkError => new RealWorkError(`randomness that cannot be seeded: crypto.${name}${caller()}`)
    trap(time, nodeCrypto, name, () => true, error)
  }
  for (const channel of [MessagePort, BroadcastChannel]) {
    trap(time, channel.prototype, 'postMessage', () => true, realWork(`${channel.name}.postMessage`))
  }
}

/** Ends the run when the function is called with arguments that `isReal` finds wrong; else it does what it did. */
function trap(
  time: VirtualTime,
  owner: object,
  name: string,
  isReal: (args: readonly unknown[]) => boolean,
  error: () => Error,
): void {
  const real: unknown = Reflect.get(owner, name)
  // Node before 24.7 has no `encapsulate`.
  if (typeof real === 'function') {
    const trapped = function (this: unknown, ...args: unknown[]): unknown {
      if (time.isRunning && isReal(args)) {
        time.fail(error())
      }
      return Reflect.apply(real, this, args)
    }
    Object.defineProperty(owner, name, { value: trapped, writable: true, configurable: true, enumerable: true })
  }
}

/** The function of Node's that was called, and by which line. */
function describe(kind: string): string {
  const frames = framesNow()
  const first = frames.findIndex(isOurs)
  const called = (first > 0 ? frames[first - 1] : undefined)?.match(/^at (?:async )?(?:new )?([^ ]+) \(/)?.[1]
  return `${called ?? kind} (${kind})${callerOf(frames)}`
}

function caller(): string {
  return callerOf(framesNow())
}

function callerOf(frames: readonly string[]): string {
  const frame = frames.find(isOurs)
  return frame === undefined ? '' : ` ${frame}`
}

function framesNow(): string[] {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = STACK_FRAMES
  const { stack = '' } = new Error('here')
  Error.stackTraceLimit = limit
  return stack
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
}

function isOurs(frame: string): boolean {
  return !(frame.includes('(node:') || frame.startsWith('at node:') || frame.includes('/sim/time/traps.ts'))
}
