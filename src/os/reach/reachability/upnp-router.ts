import type { Random } from '../../../system/random.ts'
import { type PortMapping, type Router, RouterRefusal } from './router.ts'
import { askRouter, textsOf } from './router-request.ts'

// UPnP Forum, InternetGatewayDevice:1 and :2, services WANIPConnection and WANPPPConnection.

const SERVICE = /^urn:schemas-upnp-org:service:WAN(IP|PPP)Connection:[12]$/
/** Another machine has the port: others are tried, so often. */
const OTHER_PORTS_TRIED = 3
const FIRST_OTHER_PORT = 20_000
const OTHER_PORTS = 40_000
const ERROR_CONFLICT = '718'
const ERROR_ONLY_PERMANENT = '725'

/** A router with UPnP. */
class UpnpRouter implements Router {
  readonly name: string
  readonly #random: Pick<Random, 'uniform'>
  readonly #control: Control
  /** The port outside that a mapping got, so that it is renewed and not made a second time. */
  #externalPort: number | undefined

  constructor(random: Pick<Random, 'uniform'>, control: Control) {
    this.name = `UPnP at ${control.url.host}`
    this.#random = random
    this.#control = control
  }

  async map(port: number, lifetimeS: number, signal: AbortSignal): Promise<PortMapping> {
    const { values } = accepted(await call(this.#control, 'GetExternalIPAddress', {}, signal))
    const externalIp = values.get('NewExternalIPAddress') ?? ''
    let externalPort = this.#externalPort ?? port
    let leaseS = lifetimeS
    for (let tried = 0; ; tried++) {
      const args = mappingArguments(this.#control.localAddress, { port, externalPort, leaseS })
      const answer = await call(this.#control, 'AddPortMapping', args, signal)
      if (answer.errorCode === ERROR_ONLY_PERMANENT && leaseS !== 0) {
        leaseS = 0
      } else if (answer.errorCode === ERROR_CONFLICT && tried < OTHER_PORTS_TRIED) {
        externalPort = FIRST_OTHER_PORT + this.#random.uniform(OTHER_PORTS)
      } else {
        accepted(answer)
        this.#externalPort = externalPort
        return { externalIp, externalPort, internalPort: port, lifetimeS }
      }
    }
  }

  async unmap({ externalPort }: PortMapping, signal: AbortSignal): Promise<void> {
    const args = { NewRemoteHost: '', NewExternalPort: String(externalPort), NewProtocol: 'TCP' }
    accepted(await call(this.#control, 'DeletePortMapping', args, signal))
  }
}

/** The router whose description is at `location`; rejects when it maps no ports, or the description is none. */
export async function upnpRouter(random: Pick<Random, 'uniform'>, location: URL, signal: AbortSignal): Promise<Router> {
  const { text, localAddress } = await askRouter(location, { signal })
  let service: string | undefined
  for (const { path, text: value } of textsOf(text)) {
    const name = path.at(-1)
    if (name === 'serviceType') {
      service = SERVICE.test(value) ? value : undefined
    } else if (name === 'controlURL' && service !== undefined) {
      const url = new URL(value, location)
      // A description must not turn this node against another host.
      if (url.hostname !== location.hostname || url.protocol !== 'http:') {
        throw new Error('the description names another host')
      }
      return new UpnpRouter(random, { url, service, localAddress })
    }
  }
  throw new Error('the router has no service that maps ports')
}

/** Where a router takes orders, and from which address of this machine. */
interface Control {
  readonly url: URL
  readonly service: string
  readonly localAddress: string
}

interface Answer {
  /** Undefined when it was done. */
  readonly errorCode: string | undefined
  readonly values: ReadonlyMap<string, string>
}

async function call(
  { url, service }: Control,
  action: string,
  args: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  const inner = Object.entries(args).map(([name, value]) => `<${name}>${value}</${name}>`)
  const body = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${service}">${inner.join('')}</u:${action}></s:Body></s:Envelope>`
  const headers = { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${service}#${action}"` }
  const { status, text } = await askRouter(url, { body, headers, signal })
  const values = new Map(textsOf(text).map(({ path, text: value }) => [path.at(-1) ?? '', value]))
  return { errorCode: status === 200 ? undefined : (values.get('errorCode') ?? `HTTP ${status}`), values }
}

function accepted(answer: Answer): Answer {
  if (answer.errorCode !== undefined) {
    const description = answer.values.get('errorDescription')
    throw new RouterRefusal(`error ${answer.errorCode}${description === undefined ? '' : `, ${description}`}`)
  }
  return answer
}

function mappingArguments(
  localAddress: string,
  { port, externalPort, leaseS }: { readonly port: number; readonly externalPort: number; readonly leaseS: number },
): Record<string, string> {
  return {
    NewRemoteHost: '',
    NewExternalPort: String(externalPort),
    NewProtocol: 'TCP',
    NewInternalPort: String(port),
    NewInternalClient: localAddress.replace(/^::ffff:/, ''),
    NewEnabled: '1',
    NewPortMappingDescription: 'Kabber',
    NewLeaseDuration: String(leaseS),
  }
}
