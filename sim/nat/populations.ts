/** A part of a population: the boxes in front of its nodes as `natChain` reads them. */
export interface PopulationShare {
  readonly nat: string
  /** 0 to 1; the shares of a population add to 1. */
  readonly share: number
}

/** Shares of NAT chains by population, and where they come from. */
export interface Population {
  readonly shares: readonly PopulationShare[]
  readonly source: string
}

/** Populations by name. */
export const NAT_POPULATIONS: Readonly<Record<string, Population>> = {
  /** Among homes 2 % symmetric; CGN in 13.3 % of fixed networks of which 11 % are symmetric. */
  fixed: {
    shares: [
      { nat: 'home', share: 0.6495 },
      { nat: 'full-cone', share: 0.1 },
      { nat: 'upnp', share: 0.1 },
      { nat: 'symmetric', share: 0.0175 },
      { nat: 'home+cgn-fixed', share: 0.1184 },
      { nat: 'home+symmetric', share: 0.0146 },
    ],
    source:
      'Richter et al. IMC 2016 (R20): CGN 13.3 % of fixed networks, 11 % of it symmetric, < 2 % of home routers symmetric; full cone and UPnP shares assumed',
  },
  /** More than 90 % of cellular networks have CGN, 40 % of it symmetric. */
  cellular: {
    shares: [
      { nat: 'open', share: 0.06 },
      { nat: 'cgn-cellular-friendly', share: 0.564 },
      { nat: 'cgn-cellular', share: 0.376 },
    ],
    source: 'Richter et al. IMC 2016 (R20): CGN in > 90 % of cellular networks, about 40 % of it symmetric',
  },
  /** Reachable peers and others, as IPFS crawls found them. */
  ipfs2022: {
    shares: [
      { nat: 'open', share: 0.545 },
      { nat: 'home', share: 0.27 },
      { nat: 'full-cone', share: 0.035 },
      { nat: 'upnp', share: 0.035 },
      { nat: 'home+cgn-fixed', share: 0.045 },
      { nat: 'symmetric', share: 0.02 },
      { nat: 'cgn-cellular', share: 0.05 },
    ],
    source:
      'Trautwein et al. SIGCOMM 2022 (R17): 45.5 % of addresses never reachable; divided by R20, assumed shares of home boxes',
  },
  /** What NAT Check saw: UDP punchable 82 %, TCP 64 %, hairpinning UDP 24 % and TCP 13 %. */
  nat2005: {
    shares: [
      { nat: 'ford-punchable-hairpin', share: 0.13 },
      { nat: 'ford-punchable', share: 0.51 },
      { nat: 'ford-reset-hairpin', share: 0.11 },
      { nat: 'ford-reset', share: 0.07 },
      { nat: 'symmetric', share: 0.18 },
    ],
    source:
      'Ford, Srisuresh, Kegel, USENIX 2005 (R19): 310 of 380, 184 of 286; hairpinning as divided among the two by us',
  },
}
