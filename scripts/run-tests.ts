// Runs the tests of the folders and files named, two test files at a time, and insists that there were some and that
// none was skipped: `node --test` is content with an empty folder.
import { existsSync, globSync, statSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const PARALLEL_FILES = 2
/** A test that hangs is a failure; ten times what the slowest scenario takes on two busy cores. */
const TEST_TIMEOUT_MS = 180_000

const paths = process.argv.slice(2).filter((path) => existsSync(path))
const files = paths.flatMap((path) => (statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`) : [path])).sort()

if (files.length === 0) {
  console.error('no test files found')
  process.exit(1)
}
const stream = run({ files, concurrency: PARALLEL_FILES, timeout: TEST_TIMEOUT_MS })
stream.on('test:summary', ({ file, counts, success }) => {
  // The summary without a file is the one over all of them.
  if (file !== undefined) {
    return
  }
  const idle = counts.skipped + counts.todo
  if (counts.tests === 0 || idle > 0) {
    console.error(
      `${counts.tests} tests, ${idle} of them skipped or still to do: a test that does not run shows nothing`,
    )
  }
  process.exitCode = success && counts.tests > 0 && idle === 0 ? 0 : 1
})
process.exitCode = 1
stream.compose(new spec()).pipe(process.stdout)
