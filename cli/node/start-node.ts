import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { systemFailure } from '../system-failure.ts'

/** A line of libp2p's complaint: the address, and the error of the system that names its code first. */
const FAILED_ADDRESS = /^\s*(\/ip[46]\/\S+): .*?\b(E[A-Z]{3,})\b/m

/**
 * Starts a node; the address that it cannot listen on is told in a line, in place of libp2p's page with a stack trace.
 *
 * @throws CliError with the code of the system in lower case as its condition, or what else kept the node from starting
 */
export async function startNode(node: { start(): Promise<void> }): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    const [, address, code] = FAILED_ADDRESS.exec(error instanceof Error ? error.message : '') ?? []
    if (address === undefined || code === undefined) {
      throw error
    }
    const message = `--listen ${address}: ${systemFailure(code)}`
    throw new CliError(EXIT_CODES.failed, code.toLowerCase(), message, { cause: error })
  }
}
