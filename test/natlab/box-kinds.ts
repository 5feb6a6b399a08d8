import { natChain } from '../../sim/nat/presets.ts'
import type { NatBehaviour, NatChain } from '../../sim/scenario/scenario.ts'
import { LAB_UDP_IDLE_MS } from './packet-scripts.ts'

/** A kind of box: our behaviour and the nftables rules that make the kernel behave so. */
export interface BoxKind {
  readonly name: string
  readonly chain: NatChain
  /** Rules of the chains `post` (nat, out), `pre` (nat, in), `input` (to the box), `forward` (through it). */
  readonly rules: {
    readonly sets?: string
    readonly post: string
    readonly pre?: string
    readonly input: string
    readonly forward: string
  }
  /** The kernel's rules lead everything inside to one host. */
  readonly isForOneHost: boolean
}

const FROM_OUTSIDE_DROP = 'iifname "wan" ct state established,related accept\niifname "wan" drop'
const LED_IN =
  'iifname "wan" ct state established,related accept\niifname "wan" ct status dnat accept\niifname "wan" drop'

function inLab(preset: string, change: Partial<NatBehaviour> = {}): NatChain {
  const { udpUnansweredMs: _, ...behaviour } = natChain(preset)![0]!.behaviour
  return [{ preset, behaviour: { ...behaviour, udpIdleMs: LAB_UDP_IDLE_MS, ...change } }]
}

/** The five of the punch matrix first (R22), then others. `INSIDE` is the host that is led to. */
export const BOX_KINDS: readonly BoxKind[] = [
  {
    name: 'full-cone',
    chain: inLab('full-cone'),
    rules: {
      sets: 'set open { type inet_proto . inet_service; flags dynamic,timeout; timeout 2s; }',
      post: 'oifname "wan" ip saddr INSIDE update @open { meta l4proto . th sport }\noifname "wan" masquerade',
      pre: 'iifname "wan" meta l4proto . th dport @open dnat to INSIDE',
      input: FROM_OUTSIDE_DROP,
      forward: LED_IN,
    },
    isForOneHost: true,
  },
  {
    name: 'address-restricted',
    chain: inLab('address-restricted'),
    rules: {
      sets: 'set open { type inet_proto . ipv4_addr . inet_service; flags dynamic,timeout; timeout 2s; }',
      post: 'oifname "wan" ip saddr INSIDE update @open { meta l4proto . ip daddr . th sport }\noifname "wan" masquerade',
      pre: 'iifname "wan" meta l4proto . ip saddr . th dport @open dnat to INSIDE',
      input: FROM_OUTSIDE_DROP,
      forward: LED_IN,
    },
    isForOneHost: true,
  },
  {
    name: 'home',
    chain: inLab('home'),
    rules: { post: 'oifname "wan" masquerade', input: FROM_OUTSIDE_DROP, forward: FROM_OUTSIDE_DROP },
    isForOneHost: false,
  },
  {
    name: 'home-linux',
    chain: inLab('home-linux'),
    rules: { post: 'oifname "wan" masquerade', input: '', forward: FROM_OUTSIDE_DROP },
    isForOneHost: false,
  },
  {
    name: 'symmetric',
    chain: inLab('symmetric'),
    rules: {
      post: 'oifname "wan" masquerade random,fully-random',
      input: FROM_OUTSIDE_DROP,
      forward: FROM_OUTSIDE_DROP,
    },
    isForOneHost: false,
  },
  {
    name: 'home, resets',
    chain: inLab('home', { unsolicited: 'reset' }),
    rules: {
      post: 'oifname "wan" masquerade',
      input:
        'iifname "wan" ct state established,related accept\niifname "wan" meta l4proto tcp reject with tcp reset\niifname "wan" drop',
      forward: FROM_OUTSIDE_DROP,
    },
    isForOneHost: false,
  },
]

/** How many of the kinds the punch matrix is made of. */
export const PUNCH_KINDS = 5
