import { badInput } from './cli-error.ts'

/**
 * All of stdin as text.
 *
 * @throws CliError for more than `maxBytes` and for what is not UTF-8
 */
export async function readStdin(maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of process.stdin as AsyncIterable<Uint8Array>) {
    parts.push(part)
    length += part.length
    if (length > maxBytes) {
      throw badInput(`there is more on stdin than the ${maxBytes} bytes that can be taken`)
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts, length))
  } catch {
    throw badInput('what is on stdin is not UTF-8')
  }
}
