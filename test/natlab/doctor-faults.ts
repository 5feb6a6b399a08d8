// Faults of machines and networks, injected one at a time, and whether `kabber doctor --json` names each by its id and nothing
// wrong besides. `npm run natlab:doctor [-- ID…]`; needs root on Linux. Ends by itself and cleans up.
import { kabber } from '../support/kabber-process.ts'
import { FAULTS, type Fault, type Patient } from './faults.ts'
import { commandIn } from './internet.ts'
import { LabNode } from './lab-node.ts'
import { runPlay } from './play.ts'
import { World } from './world.ts'

const LIMIT_MS = 600_000
const RELAYS = 2

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
  const wrong = ids.filter((found) => found !== id && !(also as readonly string[]).includes(found))
  return [
    ...(ids.includes(id) ? [] : [`${how}: ${id} was not found, but ${ids.join(', ') || 'nothing'}`]),
    ...(wrong.length === 0 ? [] : [`${how}: ${wrong.join(', ')} is not so`]),
  ]
}

await runPlay('natlab:doctor', LIMIT_MS, async (hooks) => {
  const world = await World.open(hooks, RELAYS)
  const wanted = process.argv.slice(2)
  const faults: string[] = []
  for (const [index, fault] of FAULTS.entries()) {
    if (wanted.length > 0 && !wanted.includes(fault.id)) {
      continue
    }
    const patient = await fault.inject(world, `patient${index}`)
    const report = await examine(patient)
    const found = report.findings.map(({ id, severity }) => `${id} (${severity})`).join(', ')
    const bad = misjudged(fault, report)
    console.log(
      `${bad.length === 0 ? 'named ' : 'WRONG '} ${fault.id.padEnd(20)} ${fault.how}: ${report.reachable}; ${found}`,
    )
    faults.push(...bad)
    if (patient.node instanceof LabNode) {
      await patient.node.end('SIGKILL')
    }
  }
  return faults
})
