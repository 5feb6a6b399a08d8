import type { NatBehaviour, NatChain } from '../scenario/scenario.ts'

const SECOND_MS = 1_000
const MINUTE_MS: number = 60 * SECOND_MS
const HOUR_MS: number = 60 * MINUTE_MS
const DAY_MS: number = 24 * HOUR_MS

/** A box of the textbook that keeps every bound of RFC 4787 and RFC 5382 (REQ-5: 2 h 4 min and 4 min). */
const TEXTBOOK: NatBehaviour = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  ports: 'preserving',
  hairpinning: false,
  unsolicited: 'drop',
  tcpIdleMs: 2 * HOUR_MS + 4 * MINUTE_MS,
  tcpOpeningMs: 4 * MINUTE_MS,
  udpIdleMs: 5 * MINUTE_MS,
  mappingsMax: 4_096,
  portMapping: false,
  isFirewall: false,
}

/** Linux `masquerade` with a stateful filter and its own timeouts: 30 s and 120 s for UDP, 5 days for TCP (R21, measured). */
const LINUX: NatBehaviour = {
  ...TEXTBOOK,
  mapping: 'address-and-port-dependent',
  tcpIdleMs: 5 * DAY_MS,
  tcpOpeningMs: 2 * MINUTE_MS,
  udpIdleMs: 2 * MINUTE_MS,
  udpUnansweredMs: 30 * SECOND_MS,
  mappingsMax: 16_384,
}

/** Carrier-grade: many subscribers on an address; UDP forgotten after 35 s (fixed, median of R21). */
const CARRIER: NatBehaviour = {
  ...TEXTBOOK,
  ports: 'random',
  hairpinning: true,
  udpIdleMs: 35 * SECOND_MS,
  mappingsMax: 65_536,
}

/** One named box. */
export interface NatPreset {
  readonly behaviour: NatBehaviour
  /** Hosts behind one box: a home has one, a carrier's box many. */
  readonly hostsPerBox: number
  /** One sentence and its source. */
  readonly about: string
}

/** Boxes by the names that scenarios use. */
export const NAT_PRESETS: Readonly<Record<string, NatPreset>> = {
  home: {
    behaviour: LINUX,
    hostsPerBox: 1,
    about:
      'A home router: Linux masquerade whose own ports are closed to the outside (most home routers run Linux; R22)',
  },
  'home-linux': {
    behaviour: { ...LINUX, unsolicited: 'poison' },
    hostsPerBox: 1,
    about: 'The same with its own ports open: unasked packets become its own (R22, column INPUT open; measured)',
  },
  'port-restricted': {
    behaviour: TEXTBOOK,
    hostsPerBox: 1,
    about: 'Endpoint-independent mapping, address-and-port-dependent filtering (RFC 4787 §4.1, §5; RFC 5382 REQ-3)',
  },
  'address-restricted': {
    behaviour: { ...TEXTBOOK, filtering: 'address-dependent' },
    hostsPerBox: 1,
    about: 'Endpoint-independent mapping, address-dependent filtering (RFC 4787 §5)',
  },
  'full-cone': {
    behaviour: { ...TEXTBOOK, filtering: 'endpoint-independent' },
    hostsPerBox: 1,
    about: 'Endpoint-independent mapping and filtering (RFC 4787 REQ-8)',
  },
  symmetric: {
    behaviour: { ...LINUX, ports: 'random' },
    hostsPerBox: 1,
    about:
      'Another random port for each destination: Linux masquerade fully-random (R22); below 2 % of home routers (R20)',
  },
  'cgn-fixed': {
    behaviour: CARRIER,
    hostsPerBox: 64,
    about: "A fixed line's carrier: endpoint-independent, 89 % of such networks (R20); UDP 35 s (R21)",
  },
  'cgn-cellular': {
    behaviour: { ...CARRIER, mapping: 'address-and-port-dependent', udpIdleMs: 65 * SECOND_MS },
    hostsPerBox: 64,
    about: 'A mobile carrier with another port for each destination: about 40 % of such networks (R20); UDP 65 s (R21)',
  },
  'cgn-cellular-friendly': {
    behaviour: { ...CARRIER, udpIdleMs: 65 * SECOND_MS },
    hostsPerBox: 64,
    about: 'A mobile carrier with endpoint-independent mapping: the other 60 % (R20); UDP 65 s (R21)',
  },
  firewall: {
    behaviour: { ...LINUX, mapping: 'endpoint-independent', isFirewall: true },
    hostsPerBox: 1,
    about: 'A stateful filter without translation, as in front of IPv6 (RFC 6092 REC-17, REC-33)',
  },
  office: {
    behaviour: { ...TEXTBOOK, mapping: 'address-and-port-dependent', ports: 'sequential', unsolicited: 'reset' },
    hostsPerBox: 16,
    about:
      'An office gateway: another port for each destination and an RST for strangers (Ford 2005 §5.2; RFC 5382 §4.3)',
  },
  upnp: {
    behaviour: { ...LINUX, portMapping: true },
    hostsPerBox: 1,
    about: 'A home router that maps ports on request (UPnP IGD, RFC 6886)',
  },
  'ford-punchable': {
    behaviour: TEXTBOOK,
    hostsPerBox: 1,
    about: 'NAT Check: consistent ports, silent to strangers (R19)',
  },
  'ford-punchable-hairpin': {
    behaviour: { ...TEXTBOOK, hairpinning: true },
    hostsPerBox: 1,
    about: 'The same, and it hairpins (R19)',
  },
  'ford-reset': {
    behaviour: { ...TEXTBOOK, unsolicited: 'reset' },
    hostsPerBox: 1,
    about: 'NAT Check: consistent ports, but an RST for strangers, which ends a TCP punch (R19)',
  },
  'ford-reset-hairpin': {
    behaviour: { ...TEXTBOOK, unsolicited: 'reset', hairpinning: true },
    hostsPerBox: 1,
    about: 'The same, and it hairpins UDP (R19)',
  },
}

/** The boxes of a chain, from the node outward, separated by `+`: `home+cgn-fixed`; `open` has none. Undefined for an unknown name. */
export function natChain(name: string): NatChain | undefined {
  if (name === 'open') {
    return []
  }
  const chain = name.split('+').map((preset) => ({ preset, behaviour: NAT_PRESETS[preset]?.behaviour }))
  return chain.every((box): box is NatChain[number] => box.behaviour !== undefined) ? chain : undefined
}
