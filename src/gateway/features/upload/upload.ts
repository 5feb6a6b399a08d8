import { toHex } from '../../../util/bytes.ts'
import { stampToText } from '../../../util/date-time.ts'
import { type Element, element } from '../../../xml/element.ts'
import { dataForm } from '../../../xmpp/data-form.ts'
import { Jid } from '../../../xmpp/jid.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { Feature, FeatureContext, FeatureRequest } from '../feature.ts'
import { notUnderstood, ownerSession, uploadServiceJid } from '../request-target.ts'
import { uploadCleaner } from './upload-cleaner.ts'
import { nameSegment, readUploadRequest } from './upload-name.ts'
import { MAX_FILE_BYTES, takeSlot } from './upload-rows.ts'

/** HTTP file upload (XEP-0363). */
const NS_UPLOAD = 'urn:xmpp:http:upload:0'

/** 128 random bits each for who may put and who may fetch (XEP-0363 §11.3). */
const SECRET_BYTES = 16

type UploadContext = Pick<FeatureContext, 'account' | 'clock' | 'gateway' | 'logger' | 'random' | 'store'>

/** The service that gives out slots for files on the web port (XEP-0363); `uploadHandler` takes and serves them. */
export function uploadFeature(context: UploadContext): Feature {
  const { files } = context.gateway
  if (files === undefined) {
    return { payloads: {} }
  }
  const service = uploadServiceJid(Jid.parse(context.account.address).domain)
  const maxSize = { name: 'max-file-size', values: [String(MAX_FILE_BYTES)] }
  const cleaner = uploadCleaner(context, files)
  return {
    payloads: { upload: [NS_UPLOAD] },
    disco: { upload: [NS_UPLOAD] },
    identities: { upload: [{ category: 'store', type: 'file', name: 'HTTP File Upload' }] },
    forms: { upload: [dataForm('result', NS_UPLOAD, [maxSize])] }, // XEP-0363 §3
    items: async (target, { session }) =>
      target === 'server' && session?.port.webBase !== undefined ? [{ jid: service, name: 'HTTP File Upload' }] : [],
    handle: (request) => slot(context, request),
    stop: () => cleaner.stop(),
  }
}

async function slot(context: UploadContext, request: FeatureRequest): Promise<Element> {
  const { webBase } = ownerSession(request).port
  if (request.type !== 'get' || request.payload.name !== 'request') {
    throw notUnderstood()
  }
  if (webBase === undefined) {
    throw new StanzaError('service-unavailable', 'This node has no web port.')
  }
  const { fileName, bytes, contentType } = readUploadRequest(request.payload)
  if (bytes > MAX_FILE_BYTES) {
    throw tooLarge()
  }
  const id = toHex(context.random.bytes(SECRET_BYTES))
  const token = toHex(context.random.bytes(SECRET_BYTES))
  const row = { id, token, account: context.account.address, fileName, bytes, contentType }
  const nowMs = Math.trunc(context.clock.wallMs())
  const waitUntilMs = await context.store.transaction((transaction) => takeSlot(transaction, row, nowMs))
  if (waitUntilMs !== undefined) {
    throw quotaReached(waitUntilMs)
  }
  const name = nameSegment(fileName)
  return element('slot', NS_UPLOAD, {}, [
    element('put', NS_UPLOAD, { url: `${webBase}/upload/${id}/${token}/${name}` }),
    element('get', NS_UPLOAD, { url: `${webBase}/upload/${id}/${name}` }),
  ])
}

/** XEP-0363 §6. */
function tooLarge(): StanzaError {
  const size = element('max-file-size', NS_UPLOAD, {}, [String(MAX_FILE_BYTES)])
  const detail = element('file-too-large', NS_UPLOAD, {}, [size])
  return new StanzaError('not-acceptable', `A file has at most ${MAX_FILE_BYTES} bytes.`, { detail })
}

/** XEP-0363 §6. */
function quotaReached(untilMs: number): StanzaError {
  const detail = element('retry', NS_UPLOAD, { stamp: stampToText(untilMs) })
  return new StanzaError('resource-constraint', 'There is no room for more files now.', { detail })
}
