import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findHome } from '../find-home.ts'
import { NodeClient } from './node-client.ts'

/**
 * Runs `task` with a session of the running node. A command that takes an address passes it too: one that is malformed
 * is told before the missing node, because starting one would not help.
 *
 * @throws CliError `noNode` if none is running
 */
export async function withNode(
  context: CommandContext,
  task: (client: NodeClient) => Promise<void>,
  address?: string,
): Promise<void> {
  const client = await connect(context, address)
  try {
    await task(client)
  } finally {
    client.close()
  }
}

async function connect(context: CommandContext, address: string | undefined): Promise<NodeClient> {
  const home = findHome(context)
  try {
    return await NodeClient.connect(home)
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT_CODES.noNode && address !== undefined) {
      await refuseMalformed(address)
    }
    throw error
  }
}

/** A name without a node to look it up is left alone. */
async function refuseMalformed(address: string): Promise<void> {
  if (/[@:?]/.test(address)) {
    const { readAddress } = await import('./find-contact.ts')
    readAddress(address)
  }
}
