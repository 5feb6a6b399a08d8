import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type LastStart, readLastStart, writeLastStart } from '../../../cli/node/last-start.ts'
import { temporaryFolder } from '../../support/kabber-process.ts'

const START: LastStart = { isRelay: true, listen: ['/ip4/0.0.0.0/tcp/4001'], isListenAsked: true, bootstrap: [] }

describe('how a home was started last', () => {
  it('is remembered', (t) => {
    const home = { path: temporaryFolder(t) }
    assert.equal(readLastStart(home), undefined)
    writeLastStart(home, START)
    assert.deepEqual(readLastStart(home), START)
  })

  it('is not known when the file is not as it was written', (t) => {
    const home = { path: temporaryFolder(t) }
    for (const wrong of [
      ...['', 'null', '[]', '"x"', '{', '{}'],
      ...[{ listen: ['garbage'] }, { listen: 'x' }, { bootstrap: [7] }, { bootstrap: ['/ip4/1.2.3.4/tcp/1'] }].map(
        (change) => JSON.stringify({ ...START, ...change }),
      ),
    ]) {
      writeFileSync(join(home.path, 'network.json'), wrong)
      assert.equal(readLastStart(home), undefined, wrong)
    }
  })
})
