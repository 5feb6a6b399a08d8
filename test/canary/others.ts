import type { Canary } from './fault.ts'

const PASSING_TEST = "import { test } from 'node:test'\n\ntest('stands', () => {})\n"

const SUITES = ['test/unit', 'test/contract', 'test/scenario']

/** The gates that need only a fault or two. */
export const OTHER_CANARIES: readonly Canary[] = [
  {
    gate: 'types',
    faults: [
      {
        file: 'src/util/planted-type.ts',
        text: "export const planted: number = 'text'\n",
        expected: [/src\/util\/planted-type\.ts\(1,14\): error TS2322/],
      },
      {
        file: 'src/util/planted-index.ts',
        text: 'export const planted = (list: string[]): string => list[0]\n',
        expected: [/src\/util\/planted-index\.ts\(1,\d+\): error TS2322/],
      },
      {
        file: 'src/util/planted-enum.ts',
        text: 'export enum Planted {\n  A,\n}\n',
        expected: [/src\/util\/planted-enum\.ts\(1,13\): error TS1294/],
      },
    ],
  },
  {
    gate: 'dead-code',
    faults: [
      {
        file: 'src/util/assert.ts',
        text: '\n/** Planted. */\nexport const plantedDeadExport = 1\n',
        expected: [/plantedDeadExport\s.*src\/util\/assert\.ts/],
      },
      {
        file: 'src/util/planted-dead-file.ts',
        text: 'export {}\n',
        expected: [/Unused files[\s\S]*src\/util\/planted-dead-file\.ts/],
      },
      {
        file: 'package.json',
        replaces: '"dependencies": {',
        text: '"dependencies": {\n    "planted-dependency": "1.0.0",',
        expected: [/Unused dependencies[\s\S]*planted-dependency\s+package\.json/],
      },
    ],
  },
  {
    // Seen only by the second run of knip, over what is shipped.
    gate: 'dead-code',
    faults: [
      {
        file: 'src/util/planted-test-only.ts',
        text: 'export const planted = 1\n',
        expected: [/Unused files[\s\S]*src\/util\/planted-test-only\.ts/],
      },
      {
        file: 'test/unit/planted.test.ts',
        text: "import { planted } from '../../src/util/planted-test-only.ts'\n\nexport const used: number = planted\n",
        expected: [],
      },
    ],
  },
  {
    gate: 'house-style',
    faults: [
      {
        file: 'src/util/planted-todo.ts',
        text: '// TODO later\n',
        expected: [/src\/util\/planted-todo\.ts:1 a TODO names/],
      },
      {
        file: 'cli/planted-long.ts',
        text: '//\n'.repeat(401),
        expected: [/cli\/planted-long\.ts:400 file-length: 402/],
      },
    ],
  },
  {
    gate: 'test',
    without: SUITES,
    groundwork: [{ file: 'test/unit/passing.test.ts', text: PASSING_TEST }],
    faults: [
      {
        file: 'test/unit/failing.test.ts',
        text: "import { test } from 'node:test'\n\ntest('planted to fail', () => {\n  throw new Error('planted')\n})\n",
        expected: [/test at test\/unit\/failing\.test\.ts[\s\S]*planted to fail/, /Error: planted/],
      },
    ],
  },
  {
    gate: 'test',
    without: SUITES,
    groundwork: [{ file: 'test/unit/passing.test.ts', text: PASSING_TEST }],
    faults: [
      {
        file: 'test/unit/skipped.test.ts',
        text: "import { test } from 'node:test'\n\ntest('planted to be skipped', { skip: true }, () => {})\n",
        expected: [/2 tests, 1 of them skipped/],
      },
    ],
  },
  {
    // A dependency-cruiser that reads nothing (as without @swc/core) finds nothing to complain about.
    gate: 'layering',
    faults: [
      {
        file: 'scripts/layering.ts',
        replaces: "parser: 'swc',",
        text: "parser: 'swc', exclude: { path: '^src/' },",
        expected: [/layering gate is blind: src\/util\/assert\.ts was not read/],
      },
    ],
  },
  {
    gate: 'check',
    extra: '--only=house-style',
    faults: [
      {
        file: 'src/util/planted-todo.ts',
        text: '// TODO later\n',
        expected: [/FAILED {2}house-style/, /planted-todo/, /1 failed: house-style/],
      },
    ],
  },
]
