import { createSocket } from 'node:dgram'
import type { Clock } from '../../../system/clock.ts'
import { type PortMapping, type Router, RouterRefusal } from './router.ts'

// NAT-PMP, RFC 6886.

const PORT = 5_351
/** Waits for an answer: RFC 6886 §3.1 doubles from 250 ms nine times; a router at home answers the first or is none. */
const RESEND_MS = [250, 500, 1_000, 1_000] as const
const OP_EXTERNAL_ADDRESS = 0
const OP_MAP_TCP = 2
const ANSWER = 128

/** RFC 6886 §3.5. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'it speaks another version',
  2: 'it does not allow mappings',
  3: 'it has no address of its own yet',
  4: 'it is out of ports',
  5: 'it does not know how to map',
}

/** The gateway at `gateway`, spoken to by NAT-PMP. */
export function natPmpRouter(
  clock: Pick<Clock, 'schedule'>,
  gateway: string,
  options: { readonly port?: number } = {},
): Router {
  const ask = (op: number, payload: Uint8Array, signal: AbortSignal): Promise<DataView> =>
    request(clock, { host: gateway, port: options.port ?? PORT, op, payload, signal })
  const map = async (internalPort: number, externalPort: number, lifetimeS: number, signal: AbortSignal) => {
    const payload = new Uint8Array(10)
    const view = new DataView(payload.buffer)
    view.setUint16(2, internalPort)
    view.setUint16(4, externalPort)
    view.setUint32(6, lifetimeS)
    const answer = await ask(OP_MAP_TCP, payload, signal)
    return { externalPort: answer.getUint16(10), lifetimeS: answer.getUint32(12) }
  }
  return {
    name: `NAT-PMP at ${gateway}`,
    map: async (port, lifetimeS, signal): Promise<PortMapping> => {
      const outside = await ask(OP_EXTERNAL_ADDRESS, new Uint8Array(0), signal)
      const externalIp = [8, 9, 10, 11].map((index) => outside.getUint8(index)).join('.')
      return { externalIp, internalPort: port, ...(await map(port, port, lifetimeS, signal)) }
    },
    // RFC 6886 §3.4: lifetime and external port 0.
    unmap: async ({ internalPort }, signal) => void (await map(internalPort, 0, 0, signal)),
  }
}

interface Request {
  readonly host: string
  readonly port: number
  readonly op: number
  readonly payload: Uint8Array
  readonly signal: AbortSignal
}

/** Asks until there is an answer of success of the length that the operation has. */
function request(clock: Pick<Clock, 'schedule'>, { host, port, op, payload, signal }: Request): Promise<DataView> {
  const { promise, resolve, reject } = Promise.withResolvers<DataView>()
  const socket = createSocket('udp4')
  let timer = clock.schedule(0, () => send(0))
  const send = (attempt: number): void => {
    const waitMs = RESEND_MS[attempt]
    if (waitMs === undefined) {
      reject(new Error(`${host} does not answer`))
      return
    }
    socket.send(Uint8Array.of(0, op, ...payload), port, host)
    timer = clock.schedule(waitMs, () => send(attempt + 1))
  }
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  socket.on('error', reject)
  socket.on('message', (data, from) => {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    // RFC 6886 §3.1: from the gateway itself, or it is not looked at.
    const isAnswer = from.address === host && data.length >= 4 && data[0] === 0 && data[1] === op + ANSWER
    if (!isAnswer) {
      return
    }
    const result = view.getUint16(2)
    if (result !== 0) {
      reject(new RouterRefusal(REASONS[result] ?? `result ${result}`))
    } else if (data.length >= (op === OP_MAP_TCP ? 16 : 12)) {
      resolve(view)
    }
  })
  return promise.finally(() => {
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
    socket.close()
  })
}
