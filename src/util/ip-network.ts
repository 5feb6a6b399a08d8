/** Networks counted of one peer: one that claims to be everywhere does not shut others out everywhere. *ours* */
const NETWORKS_MAX_PER_PEER = 4

/** The group of peers that are known by name only. */
const NAMED = 'dns'

/**
 * The networks of a peer's multiaddrs that count for the spread of custodians and for rate limits: /24 of IPv4 and /48
 * of IPv6. Private, loopback and link-local addresses count for none; names only where no address is known, and then
 * all names alike, since they cost nothing. Of a relayed address it is the relay's.
 */
export function networksOf(addresses: readonly string[]): readonly string[] {
  const networks = new Set<string>()
  let named = false
  let numbered = false
  for (const address of addresses) {
    const [, protocol = '', host = ''] = /\/(ip4|ip6|dns4|dns6|dns|dnsaddr)\/([^/]+)/.exec(address) ?? []
    const network = protocol === 'ip4' ? ip4Network(host) : protocol === 'ip6' ? ip6Network(host) : undefined
    named ||= protocol.startsWith('dns')
    numbered ||= protocol.startsWith('ip')
    if (network !== undefined && networks.size < NETWORKS_MAX_PER_PEER) {
      networks.add(network)
    }
  }
  return named && !numbered ? [NAMED] : [...networks]
}

function ip4Network(host: string): string | undefined {
  const bytes = ip4Bytes(host)
  return bytes && networkOfIp4(bytes)
}

function ip4Bytes(host: string): readonly number[] | undefined {
  const bytes = host.split('.').map(Number)
  return bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
    ? bytes
    : undefined
}

/** RFC 6890: this network, loopback, link-local, private, and what carriers share among their customers. */
function networkOfIp4([a = 0, b = 0, c = 0]: readonly number[]): string | undefined {
  const exempt =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168)
  return exempt ? undefined : `${a}.${b}.${c}.0/24`
}

function ip6Network(host: string): string | undefined {
  const words = ip6Words(host)
  if (words === undefined) {
    return undefined
  }
  const [first = 0, second = 0, third = 0] = words
  const embedded = embeddedIp4(words)
  if (embedded !== undefined) {
    return networkOfIp4(embedded)
  }
  const loopback = words.slice(0, 7).every((word) => word === 0)
  // RFC 4193 unique local, RFC 4291 §2.5.6 link-local.
  const exempt = loopback || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80
  return exempt ? undefined : `${[first, second, third].map((word) => word.toString(16)).join(':')}::/48`
}

/** The IPv4 address behind an IPv6 one: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056), where a /48 is one host. */
function embeddedIp4(words: readonly number[]): readonly number[] | undefined {
  const zeros = (from: number, to: number): boolean => words.slice(from, to).every((word) => word === 0)
  if (words[0] === 0x2002) {
    return bytesOf(words.slice(1, 3))
  }
  const mapped = zeros(0, 5) && words[5] === 0xffff
  const translated = words[0] === 0x64 && words[1] === 0xff9b && zeros(2, 6)
  return mapped || translated ? bytesOf(words.slice(6, 8)) : undefined
}

function bytesOf(words: readonly number[]): readonly number[] {
  return words.flatMap((word) => [word >> 8, word & 0xff])
}

function ip6Words(host: string): readonly number[] | undefined {
  const [head = '', tail, more] = host.split('::')
  const left = wordsOf(head)
  const right = tail === undefined ? [] : wordsOf(tail)
  const missing = 8 - left.length - right.length
  const whole = tail === undefined ? missing === 0 : missing >= 1
  const words = [...left, ...new Array<number>(Math.max(0, missing)).fill(0), ...right]
  return more === undefined && whole && words.every((word) => word >= 0 && word <= 0xffff) ? words : undefined
}

/** Not a number where the text is no address, which the caller's range check finds. */
function wordsOf(text: string): readonly number[] {
  if (text === '') {
    return []
  }
  return text.split(':').flatMap((part) => {
    const ip4 = part.includes('.') ? ip4Bytes(part) : undefined
    if (ip4 !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = ip4
      return [(a << 8) | b, (c << 8) | d]
    }
    return [/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : Number.NaN]
  })
}
