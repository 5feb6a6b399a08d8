import type { AfterHooks } from '../support/kabber-process.ts'

/** How one client gets in at its node. */
export interface Login {
  /** Bare JID. */
  readonly jid: string
  readonly password: string
  /** An address on loopback of its own, so that 5222 is free there whatever else the machine runs. */
  readonly host: string
  /** STARTTLS. */
  readonly port: number
  /** The server's certificate, PEM. */
  readonly certificateFile: string
  /** RFC 7395, `ws://`. */
  readonly webSocketUrl: string
  /** The node's own web chat, logged in by a one-time token; undefined: the server has none. */
  readonly webChatUrl: (() => Promise<string>) | undefined
}

/** The plays' acts that a client may be unable to do, each with the reason why. */
export type Inability = 'roster' | 'presence' | 'copies' | 'correction' | 'offline' | 'archive'

/** A client that people have, driven from outside: what its user can do and see. */
export interface ChatClient {
  /** Starts the program, logs in and becomes available; again after `stop`, with what it kept on disk. */
  start(): Promise<void>
  /** Goes offline the way a user does. */
  stop(): Promise<void>
  send(to: string, body: string): Promise<void>
  /** How many messages with this text its user has before them. */
  count(body: string): Promise<number>
  /** Puts somebody on the roster and asks for their presence. */
  addContact(jid: string): Promise<void>
  /** Grants somebody's request to see our presence; called when it is known that it was made. */
  approve(jid: string): Promise<void>
  /** Whether it shows a contact as available. */
  seesOnline(jid: string): Promise<boolean>
  /** Replaces the last message sent (XEP-0308). */
  correct(to: string, body: string): Promise<void>
  /** Has it look into the archive, for a client that does so only when told to. */
  readonly readArchive?: () => Promise<void>
  /** Puts what shows how it went wrong into a folder. */
  evidence(folder: string): Promise<void>
}

/** What a driver gets. */
export interface DriverContext {
  readonly login: Login
  readonly peerJid: string
  /** Empty, the client's own, removed afterwards. */
  readonly folder: string
  readonly hooks: AfterHooks
}

/** One kind of client. */
export interface Driver {
  readonly name: string
  /** Debian packages. */
  readonly packages: readonly string[]
  /** Whether it needs a display, thus much of a core. */
  readonly heavy: boolean
  readonly cannot: Readonly<Partial<Record<Inability, string>>>
  /** Whether messages must go to its bare JID, as it sends from another resource than it reads at. */
  readonly bareOnly?: boolean
  /** Whether it shows nothing of what is sent to it. */
  readonly onlySends?: boolean
  /** Whether the peer asks for its presence first, and it asks when it grants that. */
  readonly asksSecond?: boolean
  open(context: DriverContext): Promise<ChatClient>
}

/** What a client without that ability is never asked. */
export async function unable(): Promise<never> {
  throw new Error('this client cannot do that')
}
