import type { IncomingMessage, ServerResponse } from 'node:http'
import { assert } from '../util/assert.ts'

/** A request with more body than its handler takes; answered with 413 unless the handler catches it. */
export class BodyTooLargeError extends RangeError {
  override readonly name = 'BodyTooLargeError'
}

/** The body of an HTTP request for one reader, counted as it comes. @throws BodyTooLargeError */
export function webBody(
  request: IncomingMessage,
  response: ServerResponse,
): (maxBytes: number) => AsyncIterable<Uint8Array> {
  let isRead = false
  return (maxBytes) => {
    assert(!isRead, 'a body is read once')
    isRead = true
    return readBody(request, response, maxBytes)
  }
}

async function* readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    throw new BodyTooLargeError(`the body has more than ${maxBytes} bytes`)
  }
  if (request.headers.expect !== undefined) {
    // RFC 9110 §10.1.1: only now is it certain that the body is wanted.
    response.writeContinue()
  }
  let bytes = 0
  // The request outlives a reader that stops early: somebody has to be told why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) {
      throw new BodyTooLargeError(`the body has more than ${maxBytes} bytes`)
    }
    yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  if (!request.complete) {
    throw new Error('the body was broken off')
  }
}
