import type { IForbiddenRuleType } from 'dependency-cruiser'

/**
 * Packages that do no I/O, keep no time and draw no randomness (or whose functions that do are forbidden by name in
 * biome.json): they may be used anywhere in `src`. Everything else from npm belongs to `src/os` and `cli`.
 */
const PURE_PACKAGES = [
  '@noble/ciphers',
  '@noble/curves',
  '@noble/hashes',
  '@noble/post-quantum',
  '@scure/base',
  '@scure/bip39',
  'fastest-levenshtein',
  'it-length-prefixed',
  'it-pipe',
  'multiformats',
  'protons-runtime',
  'saxes',
  'uint8-varint',
  'uint8arraylist',
  'uint8arrays',
]

/** What each layer may import from `src` beside itself; `protocol/*`, `gateway` and `os` have rules of their own. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  util: ['system'],
  xml: ['system', 'util'],
  xmpp: ['system', 'util', 'xml'],
  identity: ['system', 'util'],
  sealing: ['system', 'util', 'identity'],
  protocol: ['system', 'util', 'xml', 'xmpp', 'identity', 'sealing'],
  node: ['system', 'util', 'xml', 'xmpp', 'identity', 'sealing', 'protocol'],
}

/** The folders of `src` whose files the gate must have seen, if they have any. */
export const LAYER_FOLDERS: readonly string[] = ['system', ...Object.keys(LAYERS), 'gateway', 'os']

const NODE_MODULES = '(^|/)node_modules/'

function forbid(name: string, comment: string, from: IForbiddenRuleType['from'], to: object): IForbiddenRuleType {
  return { name, comment, severity: 'error', from, to }
}

const layerRules = Object.entries(LAYERS).map(([layer, below]) =>
  forbid(
    `layer-${layer}`,
    `src/${layer} imports, of src, only itself and ${below.join(', ')} (rule 0: arrows point down)`,
    { path: `^src/${layer}/` },
    { path: '^src/', pathNot: `^src/(${[layer, ...below].join('|')})/` },
  ),
)

const folderRules = [
  forbid(
    'system-imports-nothing',
    'contracts stand alone (rule 1)',
    { path: '^src/system/' },
    { pathNot: '^src/system/' },
  ),
  forbid(
    'protocols-do-not-meet',
    'one protocol never imports another; node composes them (rule 2)',
    { path: '^src/protocol/([^/]+)/' },
    { path: '^src/protocol/[^/]+/', pathNot: '^src/protocol/$1/' },
  ),
  forbid(
    'protocol-shared-below-protocols',
    'files directly in src/protocol are below every protocol (rule 2)',
    { path: '^src/protocol/[^/]+\\.ts$' },
    { path: '^src/protocol/[^/]+/' },
  ),
  forbid(
    'gateway-sees-the-api',
    'gateway imports node/api.ts and the data folders (rule 3)',
    { path: '^src/gateway/' },
    { path: '^src/', pathNot: '^src/(gateway|xmpp|xml|util|system)/|^src/node/api\\.ts$' },
  ),
  forbid('os-is-handed-in', 'nothing in src imports os (rule 4)', { path: '^src/(?!os/)' }, { path: '^src/os/' }),
  forbid(
    'os-knows-only-contracts',
    'os implements the contracts; it knows keys, but no protocol, node or gateway (rule 4)',
    { path: '^src/os/' },
    { path: '^src/', pathNot: '^src/(os|system|util|identity)/' },
  ),
  forbid(
    'cli-sees-the-entry',
    'cli imports src/index.ts, src/client.ts (the part of it that loads fast), src/os, itself and packages (rule 6)',
    { path: '^cli/' },
    {
      path: '^[^/]+',
      pathNot: `^(cli|src/os)/|^src/(index|client)\\.ts$|^package\\.json$|${NODE_MODULES}`,
      dependencyTypesNot: ['core'],
    },
  ),
  forbid(
    'sim-sees-no-os',
    'sim imports of os only the libp2p network, for its stack tier (rule 6)',
    { path: '^sim/' },
    { path: '^(cli|scripts)/|^src/os/', pathNot: '^src/os/libp2p-network\\.ts$' },
  ),
  forbid('nobody-imports-test', 'test is imported by test (rule 6)', { path: '^(?!test/)' }, { path: '^test/' }),
  forbid('src-stands-alone', 'src knows no other root folder', { path: '^src/' }, { path: '^(cli|sim|scripts|bin)/' }),
]

const packageRules = [
  forbid(
    'only-os-imports-node',
    'only src/os imports node:*, save identity, sealing and gateway/sasl → node:crypto (rules 4 and 5)',
    { path: '^src/(?!os/|identity/|sealing/|gateway/sasl/)' },
    { dependencyTypes: ['core'] },
  ),
  forbid(
    'keys-import-node-crypto-only',
    'of node:*, identity, sealing and gateway/sasl may use crypto (rule 5)',
    { path: '^src/(identity|sealing|gateway/sasl)/' },
    { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
  ),
  forbid(
    'only-os-imports-impure-packages',
    'outside src/os only packages on the allow list of scripts/layering-rules.ts (rules 4 and 5)',
    { path: '^src/(?!os/)' },
    { path: NODE_MODULES, pathNot: `${NODE_MODULES}(${PURE_PACKAGES.join('|')})/` },
  ),
  forbid(
    'shipped-code-needs-dependencies',
    'what src, cli and sim import is under dependencies in package.json',
    { path: '^(src|cli|sim|bin)/' },
    { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  ),
]

const graphRules = [
  forbid('no-cycles', 'no cycles; import type counts (rule 7)', {}, { circular: true }),
  forbid('resolvable', 'every import leads somewhere', {}, { couldNotResolve: true }),
]

/** Every rule of "Who may import whom" in the architecture; the names appear in the gate's output and in the canaries. */
export const LAYERING_RULES: readonly IForbiddenRuleType[] = [
  ...layerRules,
  ...folderRules,
  ...packageRules,
  ...graphRules,
]
