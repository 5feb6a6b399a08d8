/** Whether an address of a socket is this machine's loopback: 127.0.0.0/8, ::1, and the former written as IPv6. */
export function isLoopback(address: string | undefined): boolean {
  return address === '::1' || (address !== undefined && /^(?:::ffff:)?127\./.test(address))
}
