import { homePort } from '../home-port.ts'
import type { HostPort } from '../host-port.ts'

/**
 * Starts a listener at the usual port; if another program has that, at the one that follows from the home, so that clients
 * find it after a restart; else at any that is free.
 */
export async function startAtDefault<Listener>(
  usual: HostPort,
  homeName: string,
  start: (at: HostPort) => Promise<Listener>,
): Promise<Listener> {
  for (const port of [usual.port, homePort(`${homeName} ${usual.port}`)]) {
    try {
      return await start({ host: usual.host, port })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        throw error
      }
    }
  }
  return await start({ host: usual.host, port: 0 })
}
