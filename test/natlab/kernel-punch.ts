import type { KernelLab } from './kernel-lab.ts'

const UDP_ROUNDS = 3
/** Two SYNs, as in the model. */
const TCP_PATIENCE_MS = 2_500

/** The punch of sim/network/punch-trial.ts, packet by packet, between Alice and Bob in the kernel. */
export async function kernelPunch(lab: KernelLab, protocol: 'udp' | 'tcp', base: number): Promise<boolean> {
  return protocol === 'udp' ? await punchUdp(lab, base) : await punchTcp(lab, base)
}

async function punchUdp(lab: KernelLab, base: number): Promise<boolean> {
  const sides = ['alice', 'bob'] as const
  await lab.bind('server', base + 2)
  const seen: string[] = []
  const hasHeard = [false, false]
  for (const [index, side] of sides.entries()) {
    await lab.send(side, base + index, `server:${base + 2}`)
    seen.push((await lab.heard('server', base + 2))[0] ?? 'nowhere:1')
  }
  for (let round = 0; round < UDP_ROUNDS; round++) {
    for (const [index, side] of sides.entries()) {
      await lab.send(side, base + index, seen[1 - index]!)
      for (const [listener, name] of sides.entries()) {
        const source = (await lab.heard(name, base + listener)).at(-1)
        if (source !== undefined) {
          hasHeard[listener] = true
          seen[1 - listener] = source
        }
      }
    }
  }
  return hasHeard.every(Boolean)
}

async function punchTcp(lab: KernelLab, base: number): Promise<boolean> {
  await lab.listen('server', base + 2)
  const seen: string[] = []
  for (const [index, side] of (['alice', 'bob'] as const).entries()) {
    await lab.connect(side, base + index, `server:${base + 2}`)
    seen.push((await lab.heard('server', base + 2))[0] ?? 'nowhere:1')
  }
  const first = lab.connect('alice', base, seen[1]!, TCP_PATIENCE_MS)
  await lab.wait(60)
  const outcomes = await Promise.all([first, lab.connect('bob', base + 1, seen[0]!, TCP_PATIENCE_MS)])
  return outcomes.every((outcome) => outcome === 'open')
}
