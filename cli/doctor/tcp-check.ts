import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import type { TcpOutcome } from './observations.ts'

/** How long a name may take to be resolved, and a host to answer. */
const CHECK_TIMEOUT_MS = 5_000

const OUTCOME_OF: Readonly<Record<string, TcpOutcome>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ENETUNREACH: 'no-route',
  EHOSTUNREACH: 'no-route',
  EACCES: 'no-route',
  EPERM: 'no-route',
  EADDRNOTAVAIL: 'no-route',
}

/** Connects to a host and port for a moment and says what came of it. */
export async function checkTcp(host: string, port: number): Promise<TcpOutcome> {
  if (isIP(host) === 0 && !(await isResolved(host))) {
    return 'no-name'
  }
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CHECK_TIMEOUT_MS })
    const end = (outcome: TcpOutcome): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once('connect', () => end('open'))
    socket.once('timeout', () => end('no-answer'))
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => end(OUTCOME_OF[code] ?? 'no-answer'))
  })
}

async function isResolved(name: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS)
  })
  const found = lookup(name).then(
    () => true,
    () => false,
  )
  const isFound = await Promise.race([found, late])
  clearTimeout(timer)
  return isFound
}
