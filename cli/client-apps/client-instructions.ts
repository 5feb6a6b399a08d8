import type { EndpointTexts } from '../node/endpoints-file.ts'
import { qrCode } from '../qr-code.ts'
import { oneLine } from '../terminal-text.ts'

/** What a client app has to be told. */
export interface ClientAccess extends EndpointTexts {
  readonly name: string
  /** Bare JID. */
  readonly jid: string
  /** What may be typed instead of its localpart. */
  readonly alias?: string
  readonly password: string
  /** SHA-256 of the certificate. */
  readonly fingerprint: string
  readonly uri: string
}

/** How to log in with any XMPP client. */
export function clientInstructions(access: ClientAccess, certificatePath: string): string {
  const { xmpp, xmpps, web } = access
  const [, domain = ''] = access.jid.split('@')
  return [
    `A password for ${oneLine(access.name)}, shown this once:`,
    '',
    `  address      ${access.jid}`,
    ...(access.alias === undefined ? [] : [`               or to log in: ${access.alias}@${domain}`]),
    `  password     ${access.password}`,
    ...(xmpp === undefined ? [] : [`  server       ${xmpp} (STARTTLS), to be set by hand as host and port`]),
    ...(xmpps === undefined ? [] : [`  direct TLS   ${xmpps}`]),
    ...(web === undefined ? [] : [`  WebSocket    ${web.replace(/^http/, 'ws')}/xmpp-websocket`]),
    `  certificate  ${certificatePath}`,
    `               SHA-256 ${access.fingerprint}`,
    '',
    'Accept the certificate if the client shows this fingerprint. Dino and Kaidan do not ask and cannot be told a host:',
    `for them put '127.0.0.1 ${domain}' into /etc/hosts and the certificate into the system's store (Debian:`,
    `sudo cp ${certificatePath} /usr/local/share/ca-certificates/kabber.crt && sudo update-ca-certificates).`,
    '',
    access.uri,
    '',
    qrCode(access.uri),
  ].join('\n')
}
