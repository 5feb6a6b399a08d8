/** A scenario file says something that cannot be. The message is one line: file, line, key, what is wrong. Exit code 2. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}
