import { badInput } from '../cli-error.ts'
import { type HostPort, parseHostPort } from '../host-port.ts'
import type { CertificateFiles } from './home-certificate.ts'

/** Where one kind of client comes in: at the usual place, at one that the owner has named, or nowhere. */
export type Door = 'default' | 'none' | HostPort

/** Who may connect to the node as a client, and how. */
export interface ClientOptions {
  /** TCP with STARTTLS (RFC 6120 §5). */
  readonly xmpp: Door
  /** TLS from the first byte (XEP-0368). */
  readonly xmpps: Door
  /** WebSocket (RFC 7395), web chat and files. */
  readonly web: Door
  /** @default the home's own */
  readonly certificate: CertificateFiles | undefined
  /** File with the accounts of the test mode. */
  readonly accounts: string | undefined
}

/** The options of `start` about clients as commander gives them: `--no-web` makes `web` false. */
export interface GivenClientOptions {
  readonly xmpp?: string | boolean
  readonly xmpps?: string | boolean
  readonly web?: string | boolean
  readonly cert?: string
  readonly key?: string
  readonly accounts?: string
}

/** @throws CliError */
export function readClientOptions(given: GivenClientOptions): ClientOptions {
  const { cert, key } = given
  if ((cert === undefined) !== (key === undefined)) {
    throw badInput('--cert and --key are given together: the certificate and its private key, each a PEM file')
  }
  const xmpp = readDoor('--xmpp', given.xmpp)
  return {
    xmpp,
    // Without XMPP over TCP there is none with TLS either, unless it is asked for.
    xmpps: xmpp === 'none' && typeof given.xmpps !== 'string' ? 'none' : readDoor('--xmpps', given.xmpps),
    web: readDoor('--web', given.web),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    accounts: given.accounts,
  }
}

/** Where the value of an option says; `true`, or nothing, is the usual place. @throws CliError */
export function readDoor(option: string, given: string | boolean | undefined): Door {
  if (given === false) {
    return 'none'
  }
  return typeof given === 'string' ? parseHostPort(option, given) : 'default'
}
