/** A failure as the operating system would name it: `code` is ECONNREFUSED, ECONNRESET, ETIMEDOUT, EADDRINUSE, … */
export class SocketError extends Error {
  override readonly name = 'SocketError'
  readonly code: string

  constructor(code: string, message: string) {
    super(`${code} ${message}`)
    this.code = code
  }
}
