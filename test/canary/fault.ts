/** A fault to plant into a copy of the tree, and what the gate must then say. */
export interface Fault {
  /** Path of the file to write, relative to the root; an existing file gets `text` appended. */
  readonly file: string
  readonly text: string
  /** Instead of appending, puts `text` in the place of this piece of the existing file. */
  readonly replaces?: string
  /** Every one must match the gate's output. Name the planted file, so that nothing else can be the reason. */
  readonly expected: readonly RegExp[]
}

/** One gate of `check` and what is done to a copy of the tree to make it fail. */
export interface Canary {
  /** The npm script under test. */
  readonly gate: string
  /** Appended to the gate's command. */
  readonly extra?: string
  /** Folders the copy does without, to spare the gate work that shows nothing. */
  readonly without?: readonly string[]
  /** Files to write first; with these the gate must still pass. */
  readonly groundwork?: readonly Pick<Fault, 'file' | 'text'>[]
  readonly faults: readonly Fault[]
}
