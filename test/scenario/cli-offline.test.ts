import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { until } from '../../cli/demo/deadline.ts'
import { kabber, kabberJson, RunningKabber, startNode, temporaryFolder } from '../support/kabber-process.ts'

/** Long enough for a busy machine; a scenario fails by what it finds, not by how long it takes. */
const LIMIT_MS = 60_000

type Line = Record<string, unknown>

it('what Alice sends while Bob is away is stored, outlives her node, and is read by Bob with its time', async (t) => {
  const folder = temporaryFolder(t)
  const [aliceHome, bobHome] = [join(folder, 'alice'), join(folder, 'bob')]
  const strangers = new RunningKabber(t, ['--json', '--home', join(folder, 'net'), 'demo-network', '--nodes', '3'])
  const at = ((await strangers.line()).addresses as string[])[0] ?? ''
  const [{ address: alice = '' } = {}] = (await kabberJson(aliceHome, 'init', '--name', 'Alice')) as {
    address: string
  }[]
  const [{ uri = '' } = {}] = (await kabberJson(bobHome, 'init', '--name', 'Bob')) as { uri: string }[]
  const alicesNode = await startNode(t, aliceHome, '--bootstrap', at, '--storage', '0')
  const bobsNode = await startNode(t, bobHome, '--bootstrap', at)
  await kabberJson(aliceHome, 'contact', 'add', uri)
  await kabberJson(bobHome, 'contact', 'add', alice)
  await kabberJson(aliceHome, 'send', 'Bob', 'are you there?', '--wait', 'delivered', '--timeout', '60s')
  await bobsNode.end('SIGKILL')

  const sent = await kabberJson(aliceHome, 'send', 'Bob', 'read this later', '--wait', 'stored', '--timeout', '60s')
  const { state, receipts, of } = sent[0] ?? {}
  assert.equal(state, 'stored')
  assert.ok(Number(receipts) >= 1 && Number(receipts) <= Number(of), `${receipts} of ${of}`)
  const shown = (await kabberJson(aliceHome, 'history', 'Bob')).at(-1)
  assert.equal(shown?.state, 'stored')
  const [status] = (await kabberJson(aliceHome, 'status')) as unknown as [{ letters: Line; accounts: Line[] }]
  assert.deepEqual(status.letters, { kept: 0, bytes: 0, mailboxes: 0, limitBytes: 0 })
  assert.match((await kabber(['--home', aliceHome, 'status'])).stdout, /no letters \(--storage 0\)/)
  await alicesNode.end('SIGKILL')

  await startNode(t, bobHome, '--bootstrap', at)
  const read = await until('for Bob to collect his letter', LIMIT_MS, async () => {
    const lines = await kabberJson(bobHome, 'history', alice)
    return lines.length >= 2 ? lines : undefined
  })
  assert.deepEqual(
    read.map(({ body }) => body),
    ['are you there?', 'read this later'],
  )
  assert.equal(read[1]?.stamp, shown?.stamp)
  const [returned] = (await kabberJson(bobHome, 'status')) as unknown as [
    { letters: Line; accounts: { mailbox: Line }[] },
  ]
  // What nodes say to each other, such as keys for letters, may have come by letter too.
  assert.ok(Number(returned.accounts[0]?.mailbox.collected) >= 1)
  assert.equal(returned.letters.limitBytes, 536_870_912)

  await startNode(t, aliceHome, '--bootstrap', at)
  await until('for Alice to learn of it', LIMIT_MS, async () => {
    const lines = await kabberJson(aliceHome, 'history', 'Bob')
    return lines.every((line) => line.state === 'delivered') ? lines : undefined
  })
})
