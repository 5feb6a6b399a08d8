import type { FileStore } from '../../system/file-store.ts'
import type { WebHandler, WebRequest, WebResponse } from '../../system/web.ts'
import type { FeatureContext } from '../features/feature.ts'
import { mediaType, nameSegment } from '../features/upload/upload-name.ts'
import { fillSlot, findUpload, type UploadRow } from '../features/upload/upload-rows.ts'

type UploadHandlerContext = Pick<FeatureContext, 'clock' | 'gateway' | 'store'>

const ID = /^[0-9a-f]{32}$/
const ALLOWED_METHODS = 'GET, HEAD, OPTIONS, PUT'

/** What a browser may show: nothing in it can run (SVG can, and is a picture too). Everything else is only saved. */
const SHOWN_TYPES = /^(audio\/[^/]+|video\/[^/]+|image\/(?!svg)[^/]+|text\/plain)$/

const SECURITY_HEADERS = {
  // XEP-0363 §11.1.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/**
 * Takes and serves uploaded files (XEP-0363 §7): `PUT /upload/<id>/<token>/<name>` once, `GET /upload/<id>/<name>`. Without
 * CORS headers: only pages of this node may read files (the web chat); programs that are no browsers do not ask.
 */
export function uploadHandler(context: UploadHandlerContext): WebHandler {
  /** Ids of slots whose files are arriving. Bounded by the connections of the web port. */
  const arriving = new Set<string>()
  return async (request) => {
    const [, room, id = '', ...rest] = request.path.split('/')
    const { files } = context.gateway
    if (room !== 'upload' || files === undefined) {
      return undefined
    }
    if (request.method === 'OPTIONS') {
      return answer(204, { allow: ALLOWED_METHODS })
    }
    const row = ID.test(id) ? findUpload(context.store.read, id, context.clock.wallMs()) : undefined
    if (request.method === 'PUT') {
      return row !== undefined && rest.length === 2 && isSameSecret(row.token, rest[0] ?? '')
        ? await put(context, files, arriving, row, request)
        : answer(404)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answer(405, { allow: ALLOWED_METHODS })
    }
    return row?.is_stored === 1 && rest.length === 1 ? await get(files, row, request.method) : answer(404)
  }
}

async function put(
  { clock, store }: UploadHandlerContext,
  files: FileStore,
  arriving: Set<string>,
  row: UploadRow,
  request: WebRequest,
): Promise<WebResponse> {
  const refusal = arriving.has(row.id) || row.is_stored === 1 ? 409 : putRefusal(row, request)
  if (refusal !== undefined) {
    return answer(refusal)
  }
  arriving.add(row.id)
  try {
    // A file is written once; one that is there already came before a crash or a full disk and was never noted.
    await files.delete(row.id)
    await files.write(row.id, request.body(row.bytes), row.bytes)
    const isFilled = await store.transaction((transaction) => fillSlot(transaction, row.id, Math.trunc(clock.wallMs())))
    if (!isFilled) {
      await files.delete(row.id) // It took longer than the slot was valid.
      return answer(404)
    }
    return answer(201)
  } catch (error) {
    if (error instanceof RangeError) {
      return answer(400)
    }
    throw error
  } finally {
    arriving.delete(row.id)
  }
}

/** Why this request does not fit the slot (XEP-0363 §7), as an HTTP status; undefined if it does. */
function putRefusal(row: UploadRow, { headers }: WebRequest): number | undefined {
  const length = headers['content-length']
  if (length === undefined) {
    return 411
  }
  if (length !== String(row.bytes)) {
    return 413
  }
  const type = mediaType(headers['content-type'] ?? '')
  const isOther = row.content_type !== '' && type !== '' && type !== row.content_type
  return type === undefined || isOther ? 415 : undefined
}

async function get(files: FileStore, row: UploadRow, method: 'GET' | 'HEAD'): Promise<WebResponse> {
  // A file that was opened for HEAD would stay open: nobody reads it to its end.
  const file = method === 'GET' ? await files.read(row.id) : { bytes: row.bytes, content: undefined }
  if (file === undefined) {
    return answer(404)
  }
  const isShown = SHOWN_TYPES.test(row.content_type)
  const type = row.content_type === 'text/plain' ? 'text/plain; charset=utf-8' : row.content_type
  const headers = {
    'content-type': isShown ? type : 'application/octet-stream',
    'content-length': String(file.bytes),
    // RFC 6266 §4.
    'content-disposition': `${isShown ? 'inline' : 'attachment'}; filename*=UTF-8''${nameSegment(row.file_name)}`,
    'cache-control': 'private, max-age=86400, immutable',
  }
  return answer(200, headers, file.content)
}

function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: AsyncIterable<Uint8Array>,
): WebResponse {
  return { status, headers: { ...SECURITY_HEADERS, ...headers }, ...(body === undefined ? {} : { body }) }
}

/** Compares all characters whatever the first ones are (security.md X11). */
function isSameSecret(secret: string, given: string): boolean {
  let difference = secret.length ^ given.length
  for (let i = 0; i < secret.length; i++) {
    difference |= secret.charCodeAt(i) ^ given.charCodeAt(i)
  }
  return difference === 0
}
