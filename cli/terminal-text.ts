/**
 * What a terminal would act on instead of showing it: C0 and C1 controls and DEL, the line and paragraph separators, and
 * the marks that turn the direction of writing. The line feed is left for the callers to place.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const ACTIVE_CHARACTERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text from elsewhere on one line, every active character spelled out as `\u{…}`, line feeds as `↵`. */
export function oneLine(text: string): string {
  return escapeActive(text).replaceAll('\n', '↵')
}

/** Text from elsewhere with its line feeds kept, each further line behind `indent` so that none can pose as ours. */
export function manyLines(text: string, indent: string): string {
  return escapeActive(text).replaceAll('\n', `\n${indent}`)
}

function escapeActive(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replace(ACTIVE_CHARACTERS, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`)
}
