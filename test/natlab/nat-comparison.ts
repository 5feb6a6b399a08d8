// Runs the same packets through a real Linux NAT (network namespaces, nftables) and through our NAT boxes and compares what
// comes of them, cell by cell. `npm run test:nat [-- out.json]`; needs root on Linux. Ends by itself and cleans up.
import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { natMatrix } from '../../sim/network/nat-matrix.ts'
import { BOX_KINDS, type BoxKind, PUNCH_KINDS } from './box-kinds.ts'
import { KernelLab } from './kernel-lab.ts'
import { kernelPunch } from './kernel-punch.ts'
import { ModelLab } from './model-lab.ts'
import { build, setRules } from './namespaces.ts'
import { obstacle, removeNamespaces } from './netns.ts'
import { PACKET_SCRIPTS } from './packet-scripts.ts'

/** A cell of the comparison. */
interface Cell {
  readonly script: string
  readonly box: string
  readonly kernel: string
  readonly model: string
}

/** Longer than it ever takes; then something hangs. */
const DEADLINE_MS = 600_000
/** Each cell has ports of its own, below the ephemeral ones, so that the flows of others do not matter. */
const FIRST_PORT = 5_000
const PORTS_PER_CELL = 20

let nextPort = FIRST_PORT
function portBlock(): number {
  const base = nextPort
  nextPort = base + 2 * PORTS_PER_CELL > 32_000 ? FIRST_PORT : base + PORTS_PER_CELL
  return base
}

async function compareScripts(lab: KernelLab, kind: BoxKind): Promise<Cell[]> {
  const cells: Cell[] = []
  setRules('A', kind)
  const model = new ModelLab(kind.chain, kind.chain)
  for (const script of PACKET_SCRIPTS) {
    if (kind.isForOneHost && script.isForManyHosts === true) {
      continue
    }
    const base = portBlock()
    const kernelOutcome = await script.run(lab, base)
    const modelOutcome = await script.run(model, base)
    await lab.reset()
    await model.reset()
    cells.push(told({ script: script.name, box: kind.name, kernel: kernelOutcome, model: modelOutcome }))
  }
  return cells
}

async function comparePunches(lab: KernelLab, protocol: 'udp' | 'tcp'): Promise<Cell[]> {
  const kinds = BOX_KINDS.slice(0, PUNCH_KINDS)
  const variants = kinds.map((kind) => kind.name)
  const model = natMatrix({ protocol, variants, trials: 1 })
  const cells: Cell[] = []
  for (const from of kinds) {
    for (const to of kinds) {
      setRules('A', from)
      setRules('B', to)
      const kernel = (await kernelPunch(lab, protocol, portBlock())) ? 'open' : 'shut'
      await lab.reset()
      const cell = model.find((candidate) => candidate.from === from.name && candidate.to === to.name)
      const script = `punch ${protocol.toUpperCase()} towards ${to.name}`
      cells.push(told({ script, box: from.name, kernel, model: cell?.punched === 1 ? 'open' : 'shut' }))
    }
  }
  return cells
}

function told(cell: Cell): Cell {
  const verdict = cell.kernel === cell.model ? 'same' : 'DIFFERS'
  const columns = [cell.box.padEnd(19), cell.script.padEnd(58), cell.kernel.padEnd(22), cell.model.padEnd(22)]
  console.log(`${columns.join(' ')} ${verdict}`)
  return cell
}

async function main(): Promise<void> {
  const reason = obstacle()
  if (reason !== undefined) {
    console.error(`test:nat cannot run: ${reason}`)
    process.exitCode = 2
    return
  }
  const deadline = setTimeout(() => {
    console.error(`test:nat did not end within ${DEADLINE_MS / 1_000} s`)
    process.exit(1)
  }, DEADLINE_MS)
  process.on('exit', removeNamespaces)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(1))
  }
  build()
  const lab = new KernelLab()
  const cells: Cell[] = []
  console.log(['box'.padEnd(19), 'script'.padEnd(58), 'kernel'.padEnd(22), 'model'.padEnd(22)].join(' '))
  for (const kind of BOX_KINDS) {
    cells.push(...(await compareScripts(lab, kind)))
  }
  cells.push(...(await comparePunches(lab, 'udp')), ...(await comparePunches(lab, 'tcp')))
  lab.stop()
  clearTimeout(deadline)
  report(cells)
}

function report(cells: readonly Cell[]): void {
  const differing = cells.filter((cell) => cell.kernel !== cell.model).length
  console.log(`${cells.length} cells, ${differing} differ`)
  const file = process.argv[2]
  if (file !== undefined) {
    writeFileSync(file, `${JSON.stringify({ kernel: release(), cells }, undefined, 2)}\n`)
  }
  process.exitCode = differing === 0 && cells.length > 0 ? 0 : 1
}

await main()
