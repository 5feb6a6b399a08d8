import { StanzaError, StoreError } from '../../src/index.ts'
import { CliError } from '../cli-error.ts'
import type { ControlFailure } from './messages.ts'

/** How an error is told to the other end of the control socket. Errors of our own code say so and no more. */
export function failureOf(error: unknown): ControlFailure {
  if (error instanceof CliError) {
    return { condition: error.condition, message: error.message }
  }
  if (error instanceof StanzaError) {
    return { condition: error.condition, message: error.text ?? error.condition }
  }
  if (error instanceof StoreError) {
    return { condition: `store-${error.failure}`, message: error.message }
  }
  if (error instanceof Error) {
    return { condition: 'internal-server-error', message: error.message }
  }
  return { condition: 'internal-server-error', message: 'the node failed to say why' }
}
