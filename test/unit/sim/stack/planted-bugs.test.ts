import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { PLANTED_BUGS } from '../../../support/planted-bugs.ts'

const root = new URL('../../../../', import.meta.url)

/** What a bug is caught with in a minute or so; all seeds: node --import ./sim/time/preload.ts test/canary/simulator.ts */
for (const [name, { checker }] of Object.entries(PLANTED_BUGS)) {
  test(`a node that ${name.replaceAll('-', ' ')} is caught by ${checker}, and the command that repeats it is printed`, async () => {
    const args = ['--import', './sim/time/preload.ts', 'test/canary/simulator.ts', name]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    assert.match(stdout, new RegExp(`caught with seed \\d+ by ${checker}`))
    assert.match(stdout, new RegExp(`repeat: node .* ${name} \\d+`))
  })
}
