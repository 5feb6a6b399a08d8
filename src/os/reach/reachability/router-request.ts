import { request } from 'node:http'
import { SaxesParser } from 'saxes'

/** A description or answer of a router; a longer one is refused. */
const MAX_ROUTER_ANSWER_BYTES = 65_536

/** What a router answered over HTTP. */
export interface RouterAnswer {
  readonly status: number
  readonly text: string
  /** This machine's address on the way to the router. */
  readonly localAddress: string
}

/** A request over HTTP without redirects, kept connections or patience; throws when there is no whole answer. */
export function askRouter(
  url: URL,
  options: { readonly body?: string; readonly headers?: Record<string, string>; readonly signal: AbortSignal },
): Promise<RouterAnswer> {
  const { body, headers, signal } = options
  const { promise, resolve, reject } = Promise.withResolvers<RouterAnswer>()
  const sent = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    agent: false,
    signal,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
  })
  sent.on('error', reject)
  sent.on('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const localAddress = response.socket.localAddress ?? ''
    response.on('error', reject)
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_ROUTER_ANSWER_BYTES) {
        sent.destroy(new Error('the router says too much'))
        return
      }
      chunks.push(chunk)
    })
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), localAddress })
    })
  })
  sent.end(body)
  return promise
}

/** An element of XML without its namespace prefix, the names of those it is in, and the text directly in it. */
export interface XmlText {
  readonly path: readonly string[]
  readonly text: string
}

/** The elements that have text, in the order in which they end. @throws Error when `xml` is not well-formed */
export function textsOf(xml: string): readonly XmlText[] {
  const texts: XmlText[] = []
  const open: { name: string; text: string }[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', () => {
    throw new Error('a document type')
  })
  parser.on('opentag', ({ name }) => void open.push({ name: name.split(':').at(-1) ?? name, text: '' }))
  parser.on('text', (text) => {
    const innermost = open.at(-1)
    if (innermost !== undefined) {
      innermost.text += text
    }
  })
  parser.on('closetag', () => {
    const text = open.at(-1)?.text.trim() ?? ''
    if (text !== '') {
      texts.push({ path: open.map(({ name }) => name), text })
    }
    open.pop()
  })
  parser.write(xml).close()
  return texts
}
