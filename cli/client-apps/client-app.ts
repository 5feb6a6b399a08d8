/** A client app that may log in. */
export interface ClientApp {
  readonly name: string
  readonly createdMs: number
  readonly usedMs: number | undefined
  readonly expiresMs: number | undefined
}

/** The passwords of the client apps of an account. */
export interface PasswordBook {
  /** Bare JID of the account. */
  readonly address: string
  /** What may be typed instead of its localpart. */
  readonly alias: string | undefined
  /** Gives the new password. @throws CliError or StanzaError `conflict` for a name in use */
  add(name: string): Promise<string>
  list(): Promise<readonly ClientApp[]>
  /** @throws CliError `item-not-found` */
  revoke(name: string): Promise<void>
  close(): Promise<void>
}
