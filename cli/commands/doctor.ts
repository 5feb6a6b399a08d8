import type { CommandContext } from '../context.ts'
import { findHome } from '../find-home.ts'

/** `kabber doctor`: whether others can reach this node, how, why not, and what to do. */
export async function doctor(context: CommandContext): Promise<void> {
  const home = findHome(context)
  context.output.result({ reachable: 'unknown', findings: [] }, `nothing is known of ${home.path} yet`)
}
