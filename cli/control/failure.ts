import { CliError } from '../cli-error.ts'
import type { ControlFailure } from './messages.ts'

/** How an error is told to the other end of the control socket. Errors of our own code say so and no more. */
export function failureOf(error: unknown): ControlFailure {
  if (error instanceof CliError) {
    return { condition: error.condition, message: error.message }
  }
  if (error instanceof Error && 'condition' in error && typeof error.condition === 'string') {
    return { condition: error.condition, message: error.message }
  }
  if (error instanceof Error) {
    return { condition: 'internal-server-error', message: error.message }
  }
  return { condition: 'internal-server-error', message: 'the node failed to say why' }
}
