import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { findHome } from '../../../cli/find-home.ts'

/** The home that is found while the environment is this. */
function homeWith(t: TestContext, variables: Readonly<Record<string, string>>, home?: string): string {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  process.env = { ...before, ...variables }
  return findHome({ home }).path
}

describe('the home', () => {
  it('is that of --home, else of KABBER_HOME, else a folder of its own among data', (t) => {
    assert.equal(homeWith(t, { KABBER_HOME: '/b' }, '/a'), '/a')
    assert.equal(homeWith(t, { KABBER_HOME: '/b' }), '/b')
    assert.equal(homeWith(t, { KABBER_HOME: '', XDG_DATA_HOME: '/data' }), join('/data', 'kabber'))
  })

  it('is never the folder one happens to be in because a variable is empty', (t) => {
    assert.notEqual(homeWith(t, { KABBER_HOME: '', XDG_DATA_HOME: '' }), process.cwd())
    assert.throws(() => findHome({ home: '' }), /--home needs the name of a folder/)
  })
})
