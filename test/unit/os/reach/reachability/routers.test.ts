import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SeededRandom } from '../../../../../sim/system/seeded-random.ts'
import { OsClock } from '../../../../../src/os/os-clock.ts'
import { gatewaysIn, routerLocation } from '../../../../../src/os/reach/reachability/find-routers.ts'
import { natPmpRouter } from '../../../../../src/os/reach/reachability/nat-pmp-router.ts'
import { RouterRefusal } from '../../../../../src/os/reach/reachability/router.ts'
import { upnpRouter } from '../../../../../src/os/reach/reachability/upnp-router.ts'

const never = new AbortController().signal
const random = new SeededRandom(1)
const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1'

/** A router on loopback that answers NAT-PMP with what `answer` gives for a request. */
async function pmpRouter(t: TestContext, answer: (request: Uint8Array) => Uint8Array | undefined): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (data, from) => {
    const bytes = answer(data)
    if (bytes !== undefined) {
      socket.send(bytes, from.port, from.address)
    }
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return socket.address().port
}

test('NAT-PMP: the external address and the port that the router gives, and the mapping given back', async (t) => {
  const asked: number[][] = []
  const port = await pmpRouter(t, (request) => {
    asked.push([...request])
    return request[1] === 0
      ? Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9)
      : Uint8Array.of(0, 130, 0, 0, 0, 0, 0, 9, 0x0f, 0xa1, 0x4e, 0x21, 0, 0, 0x0e, 0x10)
  })
  const router = natPmpRouter(new OsClock(), '127.0.0.1', { port })
  const mapping = await router.map(4_001, 7_200, never)
  assert.deepEqual(mapping, { externalIp: '9.9.9.9', internalPort: 4_001, externalPort: 20_001, lifetimeS: 3_600 })
  await router.unmap(mapping, never)
  assert.deepEqual(asked[1], [0, 2, 0, 0, 0x0f, 0xa1, 0x0f, 0xa1, 0, 0, 0x1c, 0x20])
  assert.deepEqual(asked[2], [0, 2, 0, 0, 0x0f, 0xa1, 0, 0, 0, 0, 0, 0])
})

test('NAT-PMP: a refusal has its reason; answers that are cut off or to something else are not looked at', async (t) => {
  const port = await pmpRouter(t, () => Uint8Array.of(0, 128, 0, 2, 0, 0, 0, 1))
  await assert.rejects(natPmpRouter(new OsClock(), '127.0.0.1', { port }).map(1, 1, never), (error) => {
    assert.ok(error instanceof RouterRefusal)
    assert.equal(error.message, 'it does not allow mappings')
    return true
  })
  const broken = await pmpRouter(t, (request) => (request[1] === 0 ? Uint8Array.of(0, 130, 0, 0, 1) : undefined))
  const silent = natPmpRouter(new OsClock(), '127.0.0.1', { port: broken })
  await assert.rejects(silent.map(1, 1, never), /does not answer/)
  const aborted = AbortSignal.abort(new Error('the node stops'))
  await assert.rejects(silent.map(1, 1, aborted))
})

interface Igd {
  readonly location: URL
  readonly actions: string[]
}

/** An Internet gateway device on loopback; `answer` gives status and the inside of the SOAP body for an action. */
async function igd(
  t: TestContext,
  answer: (action: string, body: string) => readonly [status: number, inside: string],
  describe: (description: string) => string = (text) => text,
): Promise<Igd> {
  const actions: string[] = []
  const server = createServer(async (request, response) => {
    if (request.url === '/root.xml') {
      response.end(
        describe(
          `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>x</deviceType><serviceList><service><serviceType>urn:other</serviceType><controlURL>/no</controlURL></service><service><serviceType>${SERVICE}</serviceType><controlURL>/ctl</controlURL></service></serviceList></device></root>`,
        ),
      )
      return
    }
    const body = (await request.toArray()).join('')
    const [, action = ''] = /#(\w+)"$/.exec(String(request.headers.soapaction)) ?? []
    actions.push(action)
    const [status, inside] = answer(action, body)
    response.statusCode = status
    response.end(
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${inside}</s:Body></s:Envelope>`,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { location: new URL(`http://127.0.0.1:${port}/root.xml`), actions }
}

const external = (ip: string) =>
  [200, `<u:R xmlns:u="${SERVICE}"><NewExternalIPAddress>${ip}</NewExternalIPAddress></u:R>`] as const
const fault = (code: number, text: string) =>
  [
    500,
    `<s:Fault><detail><UPnPError xmlns="x"><errorCode>${code}</errorCode><errorDescription>${text}</errorDescription></UPnPError></detail></s:Fault>`,
  ] as const

test('UPnP: the port is mapped to this machine; a taken one gives way to another, which is renewed and given back', async (t) => {
  const taken = new Set(['4001'])
  const ports: string[] = []
  const { location, actions } = await igd(t, (action, body) => {
    if (action === 'GetExternalIPAddress') {
      return external('9.9.9.9')
    }
    const [, port = ''] = /<NewExternalPort>(\d+)</.exec(body) ?? []
    ports.push(port)
    if (action === 'AddPortMapping') {
      assert.match(body, /<NewInternalClient>127\.0\.0\.1</)
      assert.match(body, /<NewInternalPort>4001</)
    }
    return taken.has(port) ? fault(718, 'ConflictInMappingEntry') : [200, `<u:R xmlns:u="${SERVICE}"/>`]
  })
  const router = await upnpRouter(random, location, never)
  const mapping = await router.map(4_001, 3_600, never)
  assert.equal(mapping.externalIp, '9.9.9.9')
  assert.deepEqual(await router.map(4_001, 3_600, never), mapping)
  await router.unmap(mapping, never)
  assert.deepEqual(ports, ['4001', ...Array.from({ length: 3 }, () => String(mapping.externalPort))])
  assert.equal(actions.at(-1), 'DeletePortMapping')
})

test('UPnP: a router that knows only permanent leases gets one, and a refusal has its reason', async (t) => {
  const lasting = await igd(t, (action, body) =>
    action === 'GetExternalIPAddress'
      ? external('9.9.9.9')
      : body.includes('<NewLeaseDuration>0<')
        ? [200, `<u:R xmlns:u="${SERVICE}"/>`]
        : fault(725, 'OnlyPermanentLeasesSupported'),
  )
  assert.equal((await (await upnpRouter(random, lasting.location, never)).map(1, 3_600, never)).externalPort, 1)
  const refusing = await igd(t, (action) =>
    action === 'GetExternalIPAddress' ? external('9.9.9.9') : fault(606, 'Action not authorized'),
  )
  await assert.rejects((await upnpRouter(random, refusing.location, never)).map(1, 3_600, never), {
    name: 'RouterRefusal',
    message: 'error 606, Action not authorized',
  })
})

test('UPnP: descriptions that name another host, are none, have a document type or no end are refused', async (t) => {
  const answers: readonly ((text: string) => string)[] = [
    (text) => text.replace('/ctl', 'http://192.0.2.1/ctl'),
    (text) => text.replace(SERVICE, 'urn:another'),
    () => 'no XML',
    (text) => text.replace('<root', '<!DOCTYPE a [<!ENTITY b "c">]><root'),
    () => 'x'.repeat(100_000),
  ]
  for (const describe of answers) {
    const { location } = await igd(t, () => external(''), describe)
    await assert.rejects(upnpRouter(random, location, never))
  }
})

test('SSDP: only a gateway that answers for itself is taken', () => {
  const answer = (location: string, target = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'): string =>
    `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: ${target}\r\nLOCATION: ${location}\r\n\r\n`
  assert.equal(routerLocation(answer('http://192.168.1.1:5000/r.xml'), '192.168.1.1')?.port, '5000')
  assert.equal(routerLocation(answer('http://192.168.1.1:5000/r.xml'), '192.168.1.66'), undefined)
  assert.equal(routerLocation(answer('https://192.168.1.1/r.xml'), '192.168.1.1'), undefined)
  assert.equal(routerLocation(answer('http://192.168.1.1/r.xml', 'upnp:rootdevice'), '192.168.1.1'), undefined)
  assert.equal(routerLocation('NOTIFY * HTTP/1.1\r\n\r\n', '192.168.1.1'), undefined)
})

test('the default gateways of Linux are read from its table of routes', () => {
  const table = `Iface\tDestination\tGateway \tFlags
eth0\t00000000\t0101A8C0\t0003
eth0\t0000A8C0\t00000000\t0001
wlan0\t00000000\t0101A8C0\t0003
tun0\t00000000\t00000000\t0001
`
  assert.deepEqual(gatewaysIn(table), ['192.168.1.1'])
  assert.deepEqual(gatewaysIn(''), [])
})
