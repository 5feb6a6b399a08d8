import { toUtf8 } from '../../../util/bytes.ts'
import type { Element } from '../../../xml/element.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'

/** Of a file name, in UTF-8; what file systems take. */
const MAX_FILE_NAME_BYTES = 255
/** Of a media type; both parts have at most 127 characters (RFC 6838 §4.2). */
const MAX_CONTENT_TYPE_CHARACTERS = 255
const MAX_SIZE_DIGITS = 15

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/

/** Path separators, control characters, and what turns the direction of text around to hide an ending. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const FORBIDDEN_IN_NAME = /[/\\\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** What a `<request/>` of XEP-0363 §4 asks for. */
export interface UploadRequest {
  readonly fileName: string
  readonly bytes: number
  /** Type and subtype in lower case; empty if none is named. */
  readonly contentType: string
}

/** @throws StanzaError `bad-request` */
export function readUploadRequest(request: Element): UploadRequest {
  const fileName = request.attribute('filename') ?? ''
  const illegal = fileName === '' || fileName === '.' || fileName === '..' || FORBIDDEN_IN_NAME.test(fileName)
  if (illegal || toUtf8(fileName).length > MAX_FILE_NAME_BYTES) {
    throw new StanzaError('bad-request', 'This file name cannot be used.')
  }
  const size = request.attribute('size') ?? ''
  if (!/^\d+$/.test(size) || size.length > MAX_SIZE_DIGITS || Number(size) === 0) {
    throw new StanzaError('bad-request', 'The size is a number of bytes.')
  }
  const contentType = mediaType(request.attribute('content-type') ?? '')
  if (contentType === undefined) {
    throw new StanzaError('bad-request', 'This is no content type.')
  }
  return { fileName, bytes: Number(size), contentType }
}

/** Type and subtype of a content type, in lower case and without parameters (RFC 9110 §8.3.1); undefined if it is none. */
export function mediaType(contentType: string): string | undefined {
  const [essence = ''] = contentType.slice(0, MAX_CONTENT_TYPE_CHARACTERS).split(';', 1)
  const type = essence.trim().toLowerCase()
  return type === '' || MEDIA_TYPE.test(type) ? type : undefined
}

/** A file name as a segment of a URL path (RFC 3986 §3.3). */
export function nameSegment(fileName: string): string {
  const percent = (character: string): string =>
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  return encodeURIComponent(fileName).replace(/[!'()*]/g, percent)
}
