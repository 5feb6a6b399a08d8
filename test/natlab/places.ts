import { BOX_KINDS } from './box-kinds.ts'

/** Where a node of the laboratory is. */
export interface Place {
  readonly name: string
  /** What it is, in a few words. */
  readonly about: string
  /** The same for the simulator: a chain as `natChain` reads it. */
  readonly simulated: string
  /** Rules of each box on the way out, the node's own first; none: a public address. */
  readonly boxes: readonly BoxRules[]
  /** The box translates no address: what is behind it has a public one. */
  readonly keepsAddresses?: boolean
  /** miniupnpd runs on the first box. */
  readonly mapsPorts?: boolean
  /** It refuses to map any. */
  readonly refusesMapping?: boolean
  /** The way out keeps the port of one socket towards everybody, so that holes can be punched. */
  readonly isPunchable: boolean
}

/** nftables rules of a box, its outside being `wan`: chains `post` (nat), `input`, `forward`. */
export interface BoxRules {
  readonly post: string
  readonly input: string
  readonly forward: string
}

const HOME: BoxRules = rulesOf('home')
const NO_UDP = 'meta l4proto udp drop\n'

/** The seven, in the order of the table. */
export const PLACES: readonly Place[] = [
  { name: 'open', about: 'public address', simulated: 'open', boxes: [], isPunchable: true },
  {
    name: 'mapped',
    about: 'home router with UPnP',
    simulated: 'upnp',
    boxes: [HOME],
    mapsPorts: true,
    isPunchable: true,
  },
  {
    name: 'firewall',
    about: 'public address behind a stateful firewall',
    simulated: 'firewall',
    boxes: [{ ...HOME, post: '' }],
    keepsAddresses: true,
    isPunchable: true,
  },
  { name: 'home', about: 'masquerade, endpoint-independent', simulated: 'home', boxes: [HOME], isPunchable: true },
  {
    name: 'no-udp',
    about: 'the same, and UDP is blocked',
    simulated: 'home',
    boxes: [{ ...HOME, forward: `${NO_UDP}${HOME.forward}`, input: `${NO_UDP}${HOME.input}` }],
    isPunchable: true,
  },
  {
    name: 'carrier',
    about: 'home router behind a carrier-grade NAT',
    simulated: 'home+home',
    boxes: [HOME, HOME],
    isPunchable: true,
  },
  {
    name: 'varying',
    about: 'masquerade fully-random: another port for each destination',
    simulated: 'symmetric',
    boxes: [rulesOf('symmetric')],
    isPunchable: false,
  },
]

function rulesOf(name: string): BoxRules {
  const { post, input, forward } = BOX_KINDS.find((kind) => kind.name === name)!.rules
  return { post, input, forward }
}
