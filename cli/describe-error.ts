import { IdentityError, StanzaError, StoreError } from '../src/index.ts'
import { CliError } from './cli-error.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { systemFailure } from './system-failure.ts'

/** An error of the layers below as a sentence, a word and an exit code. */
export function describeError(error: unknown): CliError {
  if (error instanceof CliError) {
    return error
  }
  if (error instanceof StoreError) {
    return new CliError(EXIT_CODES.failed, `store-${error.failure}`, error.message, { cause: error })
  }
  if (error instanceof StanzaError) {
    const exitCode = error.condition === 'jid-malformed' ? EXIT_CODES.usage : EXIT_CODES.failed
    return new CliError(exitCode, error.condition, error.text ?? error.message, { cause: error })
  }
  if (error instanceof IdentityError) {
    return new CliError(EXIT_CODES.usage, error.reason, error.message, { cause: error })
  }
  return describeSystemError(error)
}

function describeSystemError(error: unknown): CliError {
  if (!(error instanceof Error)) {
    return new CliError(EXIT_CODES.failed, 'internal-server-error', String(error))
  }
  if (['AssertionError', 'TypeError', 'RangeError', 'ReferenceError'].includes(error.name)) {
    const message = `a bug in kabber: ${error.message} (KABBER_LOG=debug shows where)`
    return new CliError(EXIT_CODES.failed, 'internal-server-error', message, { cause: error })
  }
  const { code, path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const words = code === undefined ? undefined : systemFailure(code)
  const place = path ?? (port === undefined || port < 0 ? address : `${address} port ${port}`)
  const message =
    words === undefined || words === code ? error.message : place === undefined ? words : `${place}: ${words}`
  return new CliError(EXIT_CODES.failed, code?.toLowerCase() ?? 'internal-server-error', message, { cause: error })
}
