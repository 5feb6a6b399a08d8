import { createSocket, type Socket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../../system/clock.ts'
import type { Random } from '../../../system/random.ts'
import { natPmpRouter } from './nat-pmp-router.ts'
import type { Router } from './router.ts'
import { upnpRouter } from './upnp-router.ts'

/** SSDP, UPnP Device Architecture §1.3.2. */
const SSDP_HOST = '239.255.255.250'
const SSDP_PORT = 1_900
const TARGETS = [1, 2].map((version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`)
/** How long routers may take to answer a search; asked again half way. */
const SEARCH_MS = 3_000
/** Routers looked at in one search; further ones are ignored: a LAN has one or two. */
const MAX_ROUTERS = 4

/** The routers that open ports, as far as can be known: by UPnP (multicast on these addresses), and the default gateways by NAT-PMP. */
export async function findRouters(
  components: { readonly clock: Clock; readonly random: Random },
  localIp4: readonly string[],
  signal: AbortSignal,
): Promise<readonly Router[]> {
  const { clock, random } = components
  const [locations, gateways] = await Promise.all([searchUpnp(clock, localIp4, signal), defaultGateways()])
  const described = await Promise.allSettled(locations.map((location) => upnpRouter(random, location, signal)))
  const upnp = described.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  return [...upnp, ...gateways.map((gateway) => natPmpRouter(clock, gateway))]
}

async function searchUpnp(clock: Clock, localIp4: readonly string[], signal: AbortSignal): Promise<readonly URL[]> {
  const found = new Map<string, URL>()
  const sockets = localIp4.map((address) =>
    searchFrom(address, (url) => found.size < MAX_ROUTERS && found.set(url.href, url)),
  )
  const search = (): void => sockets.forEach(sendSearch)
  try {
    await Promise.all(sockets.map(({ ready }) => ready))
    for (let half = 0; half < 2 && found.size === 0; half++) {
      search()
      await clock.sleep(SEARCH_MS / 2, signal)
    }
    return [...found.values()]
  } finally {
    for (const { socket } of sockets) {
      socket.close()
    }
  }
}

interface Searcher {
  readonly socket: Socket
  /** Also when it cannot be used. */
  readonly ready: Promise<void>
}

function searchFrom(address: string, onFound: (location: URL) => void): Searcher {
  const socket = createSocket('udp4')
  const ready = new Promise<void>((resolve) => {
    // An interface that went away meanwhile finds nothing.
    socket.on('error', () => resolve())
    socket.bind({ address, port: 0 }, () => {
      socket.setMulticastInterface(address)
      resolve()
    })
  })
  socket.on('message', (data, from) => {
    const location = routerLocation(data.toString('latin1'), from.address)
    if (location !== undefined) {
      onFound(location)
    }
  })
  return { socket, ready }
}

function sendSearch({ socket }: Searcher): void {
  for (const target of TARGETS) {
    const lines = [
      'M-SEARCH * HTTP/1.1',
      `HOST: ${SSDP_HOST}:${SSDP_PORT}`,
      'MAN: "ssdp:discover"',
      'MX: 1',
      `ST: ${target}`,
    ]
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, SSDP_PORT, SSDP_HOST, () => {})
  }
}

/** Where the description of a router is that answered an SSDP search; only on the host that answered. */
export function routerLocation(answer: string, from: string): URL | undefined {
  const isRouter = /^st:\s*urn:schemas-upnp-org:device:InternetGatewayDevice:[12]\s*$/im.test(answer)
  const [, text] = /^location:\s*(\S+)\s*$/im.exec(answer) ?? []
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  const isFit = isRouter && answer.startsWith('HTTP/1.1 200') && url?.protocol === 'http:' && url.hostname === from
  return isFit ? url : undefined
}

/** IPv4 addresses of the default gateways; none where the system does not tell (only Linux does so by a file). */
async function defaultGateways(): Promise<readonly string[]> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '')
  return gatewaysIn(table).slice(0, MAX_ROUTERS)
}

/** The gateways of the default routes in Linux' `/proc/net/route` (addresses in hexadecimal, little-endian). */
export function gatewaysIn(table: string): readonly string[] {
  const gateways = table.split('\n').flatMap((line) => {
    const [, destination, gateway] = line.split(/\s+/)
    const isDefault = destination === '00000000' && gateway !== undefined && /^[0-9A-F]{8}$/i.test(gateway)
    return isDefault && gateway !== '00000000' ? [gateway] : []
  })
  const texts = gateways.map((hex) => [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.'))
  return [...new Set(texts)]
}
