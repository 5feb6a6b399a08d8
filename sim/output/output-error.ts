/** What cannot be written where it was asked for. The message is one line that names the folder. Exit code 2. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
}
