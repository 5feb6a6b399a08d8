import { fromBase64, toHex } from '../../util/bytes.ts'
import { sha1 } from '../../util/sha1.ts'
import { type Element, element } from '../../xml/element.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA } from '../namespaces.ts'

/** An image that stands for a person. */
export interface Avatar {
  /** SHA-1 of the image, 40 lower-case hex digits: its id in XEP-0084 and its hash in XEP-0153. */
  readonly id: string
  /** Its media type. */
  readonly type: string
  readonly bytes: number
  /** The image in base64, without white space. */
  readonly base64: string
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const MEDIA_TYPE = /^image\/[\w.+-]{1,64}$/

/** First bytes of images as hex, and their media types. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['89504e47', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['47494638', 'image/gif'],
  ['52494646', 'image/webp'],
]

/** An avatar from base64 and the media type it is said to have; undefined if that is no base64 of anything. */
export function readAvatar(text: string, type: string): Avatar | undefined {
  const base64 = text.replace(/\s+/g, '')
  if (base64 === '' || !BASE64.test(base64)) {
    return undefined
  }
  const image = fromBase64(base64)
  return { id: toHex(sha1(image)), type: imageType(image, type), bytes: image.length, base64 }
}

/** The payload of its item in the data node (XEP-0084 §4.2.1). */
export function avatarDataElement({ base64 }: Avatar): Element {
  return element('data', NS_AVATAR_DATA, undefined, [base64])
}

/** The payload of the item in the metadata node, without an avatar the one that says so (XEP-0084 §4.2.2, §4.2.3). */
export function avatarMetadataElement(avatar: Avatar | undefined): Element {
  const infos =
    avatar === undefined
      ? []
      : [element('info', NS_AVATAR_METADATA, { bytes: String(avatar.bytes), id: avatar.id, type: avatar.type })]
  return element('metadata', NS_AVATAR_METADATA, undefined, infos)
}

/** The id and type of the image that is kept in the data node: that without a URL (XEP-0398 §3.1). */
export function avatarInfo(metadata: Element): { readonly id: string; readonly type: string } | undefined {
  const info = metadata.elements('info').find((child) => child.attribute('url') === undefined)
  const id = info?.attribute('id')
  return id === undefined ? undefined : { id, type: info?.attribute('type') ?? '' }
}

function imageType(image: Uint8Array, claimed: string): string {
  if (MEDIA_TYPE.test(claimed)) {
    return claimed
  }
  const start = toHex(image.subarray(0, 4))
  return SIGNATURES.find(([signature]) => start.startsWith(signature))?.[1] ?? 'image/png'
}
