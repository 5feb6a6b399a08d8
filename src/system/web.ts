/** A request to the node's HTTP port that is not a WebSocket. */
export interface WebRequest {
  readonly method: string
  /** Decoded, normalized, beginning with a slash; never with `..` or empty segments. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The HTTP(S) base under which the client reached us, `http://127.0.0.1:5280` say. */
  readonly base: string
  /** The body as it arrives; throws when it has more than `maxBytes`. Read at most once. */
  body(maxBytes: number): AsyncIterable<Uint8Array>
}

export interface WebResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** Answers a request, or leaves it to the next handler. */
export type WebHandler = (request: WebRequest) => Promise<WebResponse | undefined>
