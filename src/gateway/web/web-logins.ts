import type { Clock } from '../../system/clock.ts'
import type { Random } from '../../system/random.ts'
import type { WebHandler, WebRequest, WebResponse } from '../../system/web.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { toHex } from '../../util/bytes.ts'
import type { ClientPasswords } from '../sasl/client-passwords.ts'
import { readLoginBody } from './login-body.ts'

/** Where the page hands in its token. */
const WEB_LOGIN_PATH = '/login'

/** 160 bits: nobody guesses one within its five minutes. */
const TOKEN_BYTES = 20

/** A person opens the URL at once; what they did not open must not lie about in a shell history. */
const TOKEN_VALIDITY_MS = 5 * 60_000

/** Tokens that wait to be used; the oldest gives way. Only the owner makes them. */
const MAX_TOKENS = 64

/** A browser that was not used for so long asks for a new URL. */
const WEB_PASSWORD_VALIDITY_MS = 30 * 24 * 3_600_000

/** Web chats of one account that are logged in; the oldest loses its password to a new one. */
const MAX_WEB_PASSWORDS = 8

/** Names of the passwords of web chats. */
const PASSWORD_NAME = /^web chat \d+$/

/** What web logins are made of. */
export interface WebLoginsInit {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Pick<Random, 'bytes'>
  readonly passwords: Pick<ClientPasswords, 'add' | 'list' | 'revoke'>
  /** Path of the WebSocket (RFC 7395) on the web port. */
  readonly websocketPath: string
}

/** A token that lets a browser in once. */
export interface WebToken {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresMs: number
}

/**
 * Lets the web chat in without a password that somebody types: the owner's command makes a token, the page hands it in
 * and gets a password of its own, listed and revocable like that of any client.
 */
export class WebLogins {
  readonly #init: WebLoginsInit
  readonly #tokens = new BoundedMap<string, { readonly account: string; readonly expiresMs: number }>({
    maxEntries: MAX_TOKENS,
  })
  /** Passwords are made one after the other, so that two browsers never get the same name. */
  #making: Promise<unknown> = Promise.resolve()

  constructor(init: WebLoginsInit) {
    this.#init = init
  }

  /** A token for an account (bare JID): for one use within five minutes. */
  create(account: string): WebToken {
    const token = toHex(this.#init.random.bytes(TOKEN_BYTES))
    const expiresMs = this.#init.clock.wallMs() + TOKEN_VALIDITY_MS
    this.#tokens.set(token, { account, expiresMs })
    return { token, expiresMs }
  }

  /**
   * `POST /login` with `{"token"}` from a page of this port: `{"jid","password","websocketUrl"}`, or 403 for a token that
   * was used, has expired or never was.
   */
  readonly handle: WebHandler = async (request) => {
    if (request.path !== WEB_LOGIN_PATH) {
      return undefined
    }
    if (request.method !== 'POST') {
      return refusal(405, 'only POST', { allow: 'POST' })
    }
    // A page of another site can neither read the answer nor use up a token, even one that it has come to know.
    if (request.headers.origin !== request.base) {
      return refusal(403, 'not from a page of this node')
    }
    const token = await readLoginBody(request)
    if (token === undefined) {
      return refusal(400, 'a JSON object with a token is needed')
    }
    const account = this.#take(token)
    return account === undefined
      ? refusal(403, 'this link was used before, or is too old')
      : await this.#logIn(account, request)
  }

  #take(token: string): string | undefined {
    const entry = this.#tokens.get(token)
    this.#tokens.delete(token)
    return entry !== undefined && this.#init.clock.wallMs() < entry.expiresMs ? entry.account : undefined
  }

  async #logIn(account: string, { base }: WebRequest): Promise<WebResponse> {
    const making = this.#making.then(() => this.#makePassword(account))
    this.#making = making.catch(() => {})
    const password = await making
    const websocketUrl = `${base.replace(/^http/, 'ws')}${this.#init.websocketPath}`
    return json(200, { jid: account, password, websocketUrl })
  }

  async #makePassword(account: string): Promise<string> {
    const { clock, passwords } = this.#init
    const own = passwords.list(account).filter(({ name }) => PASSWORD_NAME.test(name))
    const oldest = [...own].sort((one, other) => one.createdMs - other.createdMs)
    for (const { name } of oldest.slice(0, Math.max(0, own.length - MAX_WEB_PASSWORDS + 1))) {
      await passwords.revoke(account, name)
    }
    const taken = new Set(passwords.list(account).map(({ name }) => name))
    let number = 1
    while (taken.has(`web chat ${number}`)) {
      number++
    }
    const expiresMs = clock.wallMs() + WEB_PASSWORD_VALIDITY_MS
    return await passwords.add(account, `web chat ${number}`, { expiresMs })
  }
}

function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): WebResponse {
  return json(status, { error: message }, headers)
}

function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): WebResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  }
}
