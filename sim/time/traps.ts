import asyncHooks from 'node:async_hooks'
import nodeCrypto from 'node:crypto'
import { RealWorkError, type VirtualTime } from './virtual-time.ts'

/** Kinds of asynchronous resources that are no work outside the event loop; the driver's own turns are immediates. */
const HARMLESS: ReadonlySet<string> = new Set(['TickObject', 'Microtask', 'Immediate', 'PROMISE'])
/** Output of the program itself, when it writes to a pipe or terminal. */
const OUTPUT: ReadonlySet<string> = new Set(['WRITEWRAP', 'TTYWRAP', 'PIPEWRAP', 'SHUTDOWNWRAP', 'SIGNALWRAP'])
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
      if (!(HARMLESS.has(kind) || OUTPUT.has(kind))) {
        report(kind)
      }
    },
    trackPromises: false,
  } as asyncHooks.HookCallbacks)
  hook.enable()
  for (const name of UNSEEDABLE) {
    const real = nodeCrypto[name] as ((...args: unknown[]) => unknown) | undefined
    if (real !== undefined) {
      Object.assign(nodeCrypto, {
        [name]: (...args: unknown[]) => {
          if (time.isRunning) {
            time.fail(new RealWorkError(`randomness that cannot be seeded: crypto.${name}${callerOf(framesNow())}`))
          }
          return real(...args)
        },
      })
    }
  }
}

/** The function of Node's that was called, and by which line. */
function describe(kind: string): string {
  const frames = framesNow()
  const first = frames.findIndex(isOurs)
  const called = (first > 0 ? frames[first - 1] : undefined)?.match(/^at (?:async )?(?:new )?([^ ]+) \(/)?.[1]
  return `${called ?? kind} (${kind})${callerOf(frames)}`
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
