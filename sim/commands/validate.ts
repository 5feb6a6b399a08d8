/**
 * `kabber sim validate [--quick]`: published results beside ours. Gives the exit code: 0 none failed, 1 one did. `out`:
 * the table as a CSV file as well.
 */
export async function validate(
  _options: { readonly quick?: boolean; readonly out?: string },
  _around: { write(line: string): void },
): Promise<number> {
  throw new Error('being written')
}
