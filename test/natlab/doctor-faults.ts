// Faults of machines and networks, one a machine, and whether `kabber doctor --json` names each by its id and nothing
// wrong besides. `npm run test:doctor [-- ID…]`; needs root on Linux. Ends by itself and cleans up.
import { kabber } from '../support/kabber-process.ts'
import { FAULTS, type Fault, type Patient } from './faults.ts'
import { commandIn } from './internet.ts'
import { LabNode } from './lab-node.ts'
import { runPlay } from './play.ts'
import { World } from './world.ts'

const LIMIT_MS = 600_000
const RELAYS = 2
/** They mostly wait for what does not come. */
const AT_ONCE = 2

interface Report {
  readonly reachable: string
  readonly findings: readonly { readonly id: string; readonly severity: string; readonly text: string }[]
}

async function examine({ node, surroundings = {}, args = [] }: Patient): Promise<Report> {
  if (node instanceof LabNode && node.isRunning) {
    await node.known()
  }
  const through = [...commandIn(node.host.name), ...(surroundings.through ?? [])]
  const command = ['--home', node.home, '--json', 'doctor', ...args]
  const { json, stderr } = await kabber(command, '', { ...surroundings, through })
  if (json.length !== 1) {
    throw new Error(`the doctor said nothing: ${stderr}`)
  }
  return json[0] as unknown as Report
}

/** What is wrong with what the doctor said, in words. */
function misjudged({ id, how, also }: Fault, { findings }: Report): readonly string[] {
  const ids = findings.filter(({ severity }) => severity !== 'info' || id === 'ok').map((finding) => finding.id)
  const isExpected = (found: string): boolean => found === id || (also as readonly string[]).includes(found)
  const wrong = findings.filter((finding) => ids.includes(finding.id) && !isExpected(finding.id))
  return [
    ...(ids.includes(id) ? [] : [`${how}: ${id} was not found, but ${ids.join(', ') || 'nothing'}`]),
    ...wrong.map((finding) => `${how}: ${finding.id} is not so: ${finding.text}`),
  ]
}

/** What the doctor said wrongly of one fault. */
async function play(world: World, fault: Fault, name: string): Promise<readonly string[]> {
  const patient = await fault.inject(world, name)
  const report = await examine(patient)
  const found = report.findings.map(({ id, severity }) => `${id} (${severity})`).join(', ')
  const bad = misjudged(fault, report)
  console.log(
    `${bad.length === 0 ? 'named ' : 'WRONG '} ${fault.id.padEnd(20)} ${fault.how}: ${report.reachable}; ${found}`,
  )
  if (patient.node instanceof LabNode) {
    await patient.node.end('SIGKILL')
  }
  return bad
}

await runPlay('natlab:doctor', LIMIT_MS, async (hooks) => {
  const world = await World.open(hooks, RELAYS)
  const wanted = process.argv.slice(2)
  const waiting = [...FAULTS.entries()].filter(([, { id }]) => wanted.length === 0 || wanted.includes(id))
  const faults: string[] = []
  const doctor = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, fault] = next
      faults.push(...(await play(world, fault, `patient${index}`)))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, doctor))
  return faults
})
