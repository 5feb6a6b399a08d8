/** Something that must not be found, in one of the forms in which it could hide. */
export interface Needle {
  /** For people: whose it is and in which form. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** The forms of `secret`: raw, hex of both cases, base64 and base64url at each alignment; of a text also UTF-16. */
export function needlesOf(name: string, secret: Uint8Array | string): readonly Needle[] {
  const raw = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
  const hex = raw.toString('hex')
  const forms: [string, Uint8Array][] = [
    ['raw', raw],
    ['hex', Buffer.from(hex)],
    ['hex in capitals', Buffer.from(hex.toUpperCase())],
    ...[0, 1, 2].flatMap((offset): [string, Uint8Array][] => {
      const text = base64At(raw, offset)
      return [
        [`base64 at offset ${offset}`, Buffer.from(text)],
        [`base64url at offset ${offset}`, Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))],
      ]
    }),
    ...(typeof secret === 'string' ? ([['utf-16', Buffer.from(secret, 'utf16le')]] as [string, Uint8Array][]) : []),
  ]
  return forms.map(([form, bytes]) => ({ name: `${name} (${form})`, bytes }))
}

/** Names of the needles in `hay`. */
export function foundIn(hay: Uint8Array, needles: readonly Needle[]): readonly string[] {
  const buffer = Buffer.from(hay.buffer, hay.byteOffset, hay.byteLength)
  return needles.filter(({ bytes }) => buffer.includes(Buffer.from(bytes))).map(({ name }) => name)
}

/** The characters of base64 that depend on nothing but `raw`, when it begins `offset` bytes after a group of three. */
function base64At(raw: Uint8Array, offset: number): string {
  const text = Buffer.concat([new Uint8Array(offset), raw]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + raw.length) * 8) / 6))
}
