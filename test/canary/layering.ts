import type { Canary, Fault } from './fault.ts'

/** Plants `from`, which imports `to` (a file made with it when it lies in the tree), and expects `rule` to name both. */
function planted(rule: string, from: string, specifier: string, statement = `import '${specifier}'`): Fault {
  const target = specifier.replace(/^(\.\.\/)+|^\.\//, '').replace(/[.]/g, '\\.')
  const source = from.replace(/[.]/g, '\\.')
  return { file: from, text: `${statement}\n`, expected: [new RegExp(`${rule}: ${source} → .*${target}`)] }
}

const EMPTY = 'export {}\n'

/** Targets of the planted imports: one file a folder, importing nothing. */
const TARGETS = [
  'cli/planted-target.ts',
  'sim/planted-target.ts',
  'src/gateway/planted-target.ts',
  'src/identity/planted-target.ts',
  'src/node/planted-target.ts',
  'src/os/planted-target.ts',
  'src/protocol/planted-shared.ts',
  'src/protocol/mailbox/planted-target.ts',
  'src/protocol/stanza/planted-target.ts',
  'src/util/planted-target.ts',
  'src/xml/planted-target.ts',
  'src/xmpp/planted-target.ts',
  'test/support/planted-target.ts',
]

/** One forbidden import for each rule of scripts/layering-rules.ts, value and type imports both. */
export const LAYERING_CANARY: Canary = {
  gate: 'layering',
  groundwork: [
    ...TARGETS.map((file) => ({ file, text: EMPTY })),
    // What is allowed must stay allowed beside the faults.
    { file: 'src/protocol/stanza/planted-allowed.ts', text: "import '../planted-shared.ts'\nimport 'saxes'\n" },
    { file: 'src/identity/planted-allowed.ts', text: "import { hash } from 'node:crypto'\nexport const h = hash\n" },
    { file: 'src/os/planted-allowed.ts', text: "import 'node:sqlite'\nimport 'libp2p'\n" },
    { file: 'cli/planted-allowed.ts', text: "import '../src/os/planted-target.ts'\nimport 'node:fs'\n" },
  ],
  faults: [
    planted('layer-util', 'src/util/planted-1.ts', '../xml/planted-target.ts'),
    planted('layer-xml', 'src/xml/planted-1.ts', '../xmpp/planted-target.ts'),
    planted('layer-xmpp', 'src/xmpp/planted-1.ts', '../identity/planted-target.ts'),
    planted('layer-identity', 'src/identity/planted-1.ts', '../xmpp/planted-target.ts'),
    planted('layer-sealing', 'src/sealing/planted-1.ts', '../protocol/planted-shared.ts'),
    planted('layer-protocol', 'src/protocol/stanza/planted-1.ts', '../../node/planted-target.ts'),
    planted('layer-node', 'src/node/planted-1.ts', '../gateway/planted-target.ts'),
    planted('system-imports-nothing', 'src/system/planted-1.ts', '../util/planted-target.ts'),
    planted('system-imports-nothing', 'src/system/planted-2.ts', 'saxes', "import type { SaxesParser } from 'saxes'"),
    planted('protocols-do-not-meet', 'src/protocol/stanza/planted-2.ts', '../mailbox/planted-target.ts'),
    planted('protocol-shared-below-protocols', 'src/protocol/planted-1.ts', './mailbox/planted-target.ts'),
    planted('gateway-sees-the-api', 'src/gateway/planted-1.ts', '../node/planted-target.ts'),
    planted('gateway-sees-the-api', 'src/gateway/planted-2.ts', '../identity/planted-target.ts'),
    planted('os-is-handed-in', 'src/node/planted-2.ts', '../os/planted-target.ts'),
    planted('os-knows-only-contracts', 'src/os/planted-1.ts', '../node/planted-target.ts'),
    planted('cli-sees-the-entry', 'cli/planted-1.ts', '../src/xmpp/planted-target.ts'),
    planted(
      'cli-sees-the-entry',
      'cli/planted-2.ts',
      '../src/util/planted-target.ts',
      "import type {} from '../src/util/planted-target.ts'",
    ),
    planted('sim-sees-no-os', 'sim/planted-1.ts', '../src/os/planted-target.ts'),
    planted('nobody-imports-test', 'scripts/planted-1.ts', '../test/support/planted-target.ts'),
    planted('src-stands-alone', 'src/node/planted-3.ts', '../../cli/planted-target.ts'),
    planted(
      'only-os-imports-node',
      'src/node/planted-4.ts',
      'fs',
      "import { readFileSync } from 'node:fs'\nexport const r = readFileSync",
    ),
    planted(
      'only-os-imports-node',
      'src/node/planted-5.ts',
      'fs',
      "import type { Stats } from 'node:fs'\nexport type S = Stats",
    ),
    planted('keys-import-node-crypto-only', 'src/identity/planted-2.ts', 'fs', "import 'node:fs'"),
    planted('only-os-imports-impure-packages', 'src/node/planted-6.ts', 'libp2p'),
    planted(
      'only-os-imports-impure-packages',
      'src/node/planted-7.ts',
      '@libp2p/interface',
      "import type { PeerId } from '@libp2p/interface'\nexport type P = PeerId",
    ),
    planted('shipped-code-needs-dependencies', 'src/os/planted-2.ts', 'fast-check'),
    planted('no-cycles', 'src/util/planted-2.ts', './planted-3.ts'),
    {
      file: 'src/util/planted-3.ts',
      text: "import type {} from './planted-2.ts'\n",
      expected: [/no-cycles: src\/util\/planted-/],
    },
    planted('resolvable', 'src/util/planted-4.ts', './planted-nowhere.ts'),
  ],
}
