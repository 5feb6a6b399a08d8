/** The link that opens the web chat once. The token is in the fragment, which browsers send to nobody (RFC 3986 §3.5). */
export function webChatUrl(base: string, token: string): string {
  return `${base}/#token=${token}`
}
