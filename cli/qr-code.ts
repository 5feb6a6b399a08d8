import { renderUnicodeCompact } from 'uqr'

/** A text as a QR code of unicode half blocks, with the quiet zone that scanners need. */
export function qrCode(text: string): string {
  return renderUnicodeCompact(text, { ecc: 'L', border: 2 })
}
