/** What a terminal acts on instead of showing it: controls, separators of lines, marks that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g

/** Text from a file or a command line as a terminal may have it; line feeds stay. */
export function printable(text: string): string {
  return text.replace(ACTIVE, ' ')
}

/** The same on one line, so that no part of it can pose as a line of ours. */
export function oneLine(text: string): string {
  return printable(text.trim().replace(/[\s\u2028\u2029]*\n\s*/g, ' '))
}
