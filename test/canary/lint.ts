import type { Canary, Fault } from './fault.ts'

/** Plants one small file and expects `rule` to be reported in it. */
function linted(rule: string, name: string, text: string): Fault {
  return { file: name, text, expected: [new RegExp(`${name.replace(/[.]/g, '\\.')}(:\\d+:\\d+)? ${rule}\\b`)] }
}

const LONG_FUNCTION = `export function long(): void {\n${'  long()\n'.repeat(80)}}\n`

/** Formatting, and the rules the house added to Biome's recommended ones. */
export const LINT_CANARY: Canary = {
  gate: 'lint',
  extra: '--max-diagnostics=none',
  faults: [
    linted('format', 'src/util/planted-format.ts', 'export const   planted = "double quotes";\n'),
    linted(
      'lint/nursery/noFloatingPromises',
      'src/util/planted-floating.ts',
      'async function work(): Promise<void> {}\nexport function go(): void {\n  work()\n}\n',
    ),
    linted(
      'lint/nursery/noMisusedPromises',
      'src/util/planted-misused.ts',
      'async function ready(): Promise<boolean> {\n  return true\n}\nexport function go(): void {\n  if (ready()) {\n    throw new Error()\n  }\n}\n',
    ),
    linted(
      'lint/nursery/useExhaustiveSwitchCases',
      'src/util/planted-switch.ts',
      "export function go(word: 'a' | 'b'): void {\n  switch (word) {\n    case 'a':\n      throw new Error()\n  }\n}\n",
    ),
    linted('lint/complexity/noExcessiveLinesPerFunction', 'src/util/planted-long.ts', LONG_FUNCTION),
    linted('lint/style/noDefaultExport', 'src/util/planted-default.ts', 'export default 1\n'),
    linted('lint/style/noEnum', 'src/util/planted-enum.ts', 'export enum Planted {\n  A,\n}\n'),
    linted(
      'lint/style/noNonNullAssertion',
      'src/util/planted-non-null.ts',
      'export const go = (a?: string): string => a!\n',
    ),
    linted('lint/suspicious/noExplicitAny', 'src/util/planted-any.ts', 'export const go = (a: any): void => a()\n'),
    linted('lint/style/useFilenamingConvention', 'src/util/PlantedName.ts', 'export const planted = 1\n'),
    linted(
      'lint/suspicious/noImportCycles',
      'src/util/planted-cycle-a.ts',
      "import type { B } from './planted-cycle-b.ts'\n\nexport type A = B | 1\n",
    ),
    linted(
      'lint/suspicious/noImportCycles',
      'src/util/planted-cycle-b.ts',
      "import type { A } from './planted-cycle-a.ts'\n\nexport type B = A | 2\n",
    ),
    linted(
      'lint/suspicious/noSkippedTests',
      'test/unit/planted.test.ts',
      "import { test } from 'node:test'\n\ntest.skip('later', () => {})\n",
    ),
  ],
}

/** One use of each ambient source of time, randomness and I/O. */
const AMBIENT_USES: Readonly<Record<string, string>> = {
  Date: 'Date.now()',
  setTimeout: 'setTimeout(() => {}, 1)',
  setInterval: 'setInterval(() => {}, 1)',
  setImmediate: 'setImmediate(() => {})',
  clearTimeout: 'clearTimeout(1)',
  performance: 'performance.now()',
  crypto: 'crypto.randomUUID()',
  process: 'process.pid',
  console: 'console.log(1)',
  Buffer: "Buffer.from('')",
  fetch: "fetch('')",
  WebSocket: "new WebSocket('')",
  globalThis: 'globalThis.Date',
  global: 'global.Date',
}

const MEMBER_USES: Readonly<Record<string, string>> = {
  'Math.random': 'Math.random()',
  'AbortSignal.timeout': 'AbortSignal.timeout(1)',
}

function ambient(rule: string, named: string, use: string): Fault {
  const file = `src/node/planted-${named.toLowerCase().replace('.', '-')}.ts`
  const said = new RegExp(
    `${file.replace('.', '\\.')}:\\d+:\\d+ lint/${rule}[\\s\\S]{0,250}?${named.replace('.', '\\.')}`,
  )
  return { file, text: `export const planted: unknown = ${use}\n`, expected: [said] }
}

/** Ambient time, randomness and I/O in `src` outside `src/os`. */
export const AMBIENT_CANARY: Canary = {
  gate: 'ambient',
  extra: '--max-diagnostics=none',
  groundwork: [
    { file: 'src/os/planted-clock.ts', text: 'export const planted: number = Date.now() + Math.random()\n' },
    { file: 'src/node/planted-shadow.ts', text: 'export const go = (crypto: number): number => crypto\n' },
  ],
  faults: [
    ...Object.entries(AMBIENT_USES).map(([named, use]) => ambient('style/noRestrictedGlobals', named, use)),
    ...Object.entries(MEMBER_USES).map(([named, use]) => ambient('nursery/noJsRestrictedProperties', named, use)),
    linted(
      'lint/style/noRestrictedImports',
      'src/identity/planted-random.ts',
      "import { randomBytes } from 'node:crypto'\n\nexport const planted: unknown = randomBytes\n",
    ),
    linted(
      'lint/style/noRestrictedImports',
      'src/identity/planted-phrase.ts',
      "import { generateMnemonic } from '@scure/bip39'\n\nexport const planted: unknown = generateMnemonic\n",
    ),
  ],
}
