import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AccountKey } from '../../../src/identity/account-key.ts'
import {
  CONTACT_HINTS_MAX,
  CONTACT_NAME_MAX_BYTES,
  CONTACT_URI_MAX_BYTES,
  formatContactUri,
  parseAddress,
  parseContactUri,
} from '../../../src/identity/contact-uri.ts'
import { IdentityError, type IdentityProblem } from '../../../src/identity/identity-error.ts'
import { isMultiaddrText, MULTIADDR_MAX_BYTES, splitPeerAddress } from '../../../src/identity/multiaddr-text.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { AssertionError } from '../../../src/util/assert.ts'

const { address } = AccountKey.fromSeed(new Uint8Array(32).fill(1))
const laptop = NodeKey.fromSeed(new Uint8Array(32).fill(2)).peerId
const phone = NodeKey.fromSeed(new Uint8Array(32).fill(3)).peerId
const relay = NodeKey.fromSeed(new Uint8Array(32).fill(4)).peerId
const bare = formatContactUri({ address })
const check = bare.slice(-5)

function refusal(text: string, parse: (text: string) => unknown = parseContactUri): IdentityError {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof IdentityError, String(error))
    return error
  }
  return assert.fail(`accepted: ${text.slice(0, 200)}`)
}

describe('a contact URI', () => {
  test('has the form of RFC 5122 with everything but unreserved characters encoded', () => {
    const uri = formatContactUri({
      address,
      name: 'Julia (Größe 1;2?)',
      addresses: [`/ip4/192.0.2.1/tcp/4001/p2p/${laptop}`],
    })
    assert.equal(
      uri,
      `xmpp:${address}?roster;name=Julia%20%28Gr%C3%B6%C3%9Fe%201%3B2%3F%29;check=${check}` +
        `;addr=%2Fip4%2F192.0.2.1%2Ftcp%2F4001%2Fp2p%2F${laptop}`,
    )
    assert.deepEqual(parseContactUri(uri), {
      address,
      name: 'Julia (Größe 1;2?)',
      hints: [{ peerId: laptop, addresses: ['/ip4/192.0.2.1/tcp/4001'] }],
    })
  })

  test('groups its hints by node, the last PeerId of a relayed address being the node', () => {
    const relayed = `/dns4/relay.example/tcp/1/p2p/${relay}/p2p-circuit`
    const uri = formatContactUri({
      address,
      addresses: [
        `/ip4/192.0.2.1/tcp/1/p2p/${laptop}`,
        `/ip6/2001:db8::1/tcp/2/p2p/${phone}`,
        `${relayed}/p2p/${laptop}`,
        `/p2p/${relay}`,
      ],
    })
    assert.deepEqual(parseContactUri(uri).hints, [
      { peerId: laptop, addresses: ['/ip4/192.0.2.1/tcp/1', relayed] },
      { peerId: phone, addresses: ['/ip6/2001:db8::1/tcp/2'] },
      { peerId: relay, addresses: [] },
    ])
  })

  test('is read back whatever the name', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !/[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u.test(text))
      .filter((text) => Buffer.byteLength(text) <= CONTACT_NAME_MAX_BYTES)
    fc.assert(
      fc.property(name, (any) => {
        const uri = formatContactUri({ address, name: any })
        assert.match(uri, /^[!-~]+$/)
        assert.deepEqual(parseContactUri(uri), { address, name: any, hints: [] })
      }),
    )
  })

  test('is read in any case, with white space around it, and with parts of later versions', () => {
    for (const text of [
      bare.toUpperCase().replace('ROSTER', 'roster').replace('CHECK', 'check'),
      ` ${bare}\n`,
      `${bare};later=%zz;flag;=`,
      bare.replace('?roster;', '?roster;group=Friends;name=;'),
    ]) {
      assert.deepEqual(parseContactUri(text), { address, hints: [] }, text)
    }
  })

  test('is refused as mistyped with any one wrong character in address or check', () => {
    const start = 'xmpp:'.length
    const places = [...Array(address.length).keys()].map((i) => start + i)
    places.push(...[...Array(5).keys()].map((i) => bare.length - 5 + i))
    for (const at of places) {
      for (const character of '0123456789abcdefghijklmnopqrstuvwxyz@./-_?;=% é') {
        const changed = bare.slice(0, at) + character + bare.slice(at + 1)
        if (changed.trimEnd() !== bare) {
          assert.equal(refusal(changed).reason, 'checksum', changed)
        }
      }
    }
  })

  test('is refused with two neighbouring digits exchanged, one left out or one doubled', () => {
    for (let at = 'xmpp:'.length; at < 'xmpp:'.length + 66; at++) {
      const [a = '', b = ''] = bare.slice(at, at + 2)
      for (const changed of [
        bare.slice(0, at) + b + a + bare.slice(at + 2),
        bare.slice(0, at) + bare.slice(at + 1),
        bare.slice(0, at) + a + bare.slice(at),
      ]) {
        if (changed !== bare) {
          assert.equal(refusal(changed).reason, 'checksum', changed)
        }
      }
    }
  })

  test('leaves out addresses that nobody could use', () => {
    const useless = ['/ip4/192.0.2.1/tcp/1', `/dns4/${'a'.repeat(MULTIADDR_MAX_BYTES)}/p2p/${laptop}`, '']
    assert.equal(formatContactUri({ address, addresses: useless }), bare)
  })

  test('leaves out the last addresses when there are too many or they are too long', () => {
    const many = Array.from({ length: 20 }, (_, i) => `/ip4/192.0.2.${i}/tcp/1/p2p/${laptop}`)
    assert.equal(parseContactUri(formatContactUri({ address, addresses: many })).hints[0]?.addresses.length, 16)
    const long = Array.from({ length: 16 }, (_, i) =>
      `/unix/${'/x'.repeat(85)}${i + 10}/p2p/${laptop}`.replace('//', '/'),
    )
    const uri = formatContactUri({ address, name: 'ü'.repeat(128), addresses: long })
    assert.ok(uri.length <= CONTACT_URI_MAX_BYTES && uri.length > CONTACT_URI_MAX_BYTES - 600, String(uri.length))
    assert.deepEqual(parseContactUri(uri).hints[0]?.addresses.at(0), long[0]?.replace(`/p2p/${laptop}`, ''))
  })

  for (const [title, text, reason] of [
    ['without checksum', `xmpp:${address}?roster;name=Julia`, 'checksum-missing'],
    ['without query', `xmpp:${address}`, 'checksum-missing'],
    ['cut off before the checksum', bare.slice(0, bare.indexOf(';')), 'checksum-missing'],
    ['cut off in the checksum', bare.slice(0, -1), 'checksum'],
    ['with an empty checksum', bare.slice(0, -5), 'checksum'],
    ['with two checksums', `${bare};check=${check}`, 'malformed'],
    ['with two names', bare.replace(';', ';name=a;name=b;'), 'malformed'],
    ['with another scheme', bare.replace('xmpp:', 'mailto:'), 'malformed'],
    ['that names a server to ask', bare.replace('xmpp:', 'xmpp://example.org/'), 'malformed'],
    ['for another action', bare.replace('roster', 'remove'), 'malformed'],
    ['that is empty', '', 'malformed'],
    ['with a name in broken percent encoding', bare.replace(';', ';name=%4;'), 'malformed'],
    ['with a name that is not UTF-8', bare.replace(';', ';name=%ff%fe;'), 'malformed'],
    ['with a name in overlong UTF-8', bare.replace(';', ';name=%c0%af;'), 'malformed'],
    ['with an encoded surrogate in the name', bare.replace(';', ';name=%ed%a0%80;'), 'malformed'],
    ['with a surrogate in the name', bare.replace(';', ';name=\ud800;'), 'malformed'],
    ['with an escape character in the name', bare.replace(';', ';name=%1b[31m;'), 'malformed'],
    ['with a zero byte in the name', bare.replace(';', ';name=a%00b;'), 'malformed'],
    ['with a line break in the name', bare.replace(';', ';name=a%0ab;'), 'malformed'],
    ['with a C1 control in the name', bare.replace(';', ';name=%c2%9b;'), 'malformed'],
    ['with reversed text in the name', bare.replace(';', ';name=%e2%80%aeeve;'), 'malformed'],
    ['with a name that is too long', bare.replace(';', `;name=${'a'.repeat(CONTACT_NAME_MAX_BYTES + 1)};`), 'too-long'],
    ['with a hint without PeerId', `${bare};addr=%2Fip4%2F192.0.2.1%2Ftcp%2F1`, 'malformed'],
    ['with an empty hint', `${bare};addr=`, 'malformed'],
    ['with a hint that is no multiaddr', `${bare};addr=http%3A%2F%2Fx%2Fp2p%2F${laptop}`, 'malformed'],
    ['with a control character in a hint', `${bare};addr=%2Fdns4%2Fa%0a%2Fp2p%2F${laptop}`, 'malformed'],
    [
      'with a hint for another kind of key',
      `${bare};addr=%2Fp2p%2FQmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N`,
      'malformed',
    ],
    ['with too many hints', bare + `;addr=%2Fp2p%2F${laptop}`.repeat(CONTACT_HINTS_MAX + 1), 'too-long'],
    ['that is too long', `${bare};x=${'a'.repeat(CONTACT_URI_MAX_BYTES)}`, 'too-long'],
    ['that is too long in bytes', `${bare};x=${'ü'.repeat(CONTACT_URI_MAX_BYTES / 2)}`, 'too-long'],
  ] as const satisfies readonly (readonly [string, string, IdentityProblem])[]) {
    test(`is refused ${title}`, () => {
      assert.equal(refusal(text).reason, reason)
    })
  }

  test('made for an address that is no key is refused although its checksum fits', () => {
    // The first 25 bits of SHA-256("kabber-contact-check:" + address) in base32, computed apart.
    assert.equal(refusal(`xmpp:00${'0'.repeat(64)}@id.internal?roster;check=ntvvt`).reason, 'address')
  })

  test('is not made for wrong input', () => {
    assert.throws(() => formatContactUri({ address: 'julia@example.org' }), AssertionError)
    assert.equal(refusal('', () => formatContactUri({ address, name: 'a\u0007' })).reason, 'malformed')
    assert.equal(refusal('', () => formatContactUri({ address, name: 'ü'.repeat(129) })).reason, 'too-long')
  })

  test('mutated in any way is refused with an IdentityError, or still names the same address', () => {
    const full = formatContactUri({ address, name: 'Jülia', addresses: [`/ip4/192.0.2.1/tcp/1/p2p/${laptop}`] })
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('%', ';', '?', '=', ';addr=', '%00'),
    )
    fc.assert(
      fc.property(fc.nat(full.length), fc.nat(4), piece, (at, remove, inserted) => {
        try {
          assert.equal(parseAddress(full.slice(0, at) + inserted + full.slice(at + remove)).address, address)
        } catch (error) {
          assert.ok(error instanceof IdentityError, String(error))
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('an address as a person enters it', () => {
  test('is a bare one, marked as unchecked, or a contact URI', () => {
    for (const text of [address, `xmpp:${address}`, `XMPP:${address.toUpperCase()}`, `\t${address} `]) {
      assert.deepEqual(parseAddress(text), { address, hints: [], checked: false }, text)
    }
    assert.deepEqual(parseAddress(bare), { address, hints: [], checked: true })
  })

  for (const [title, text, reason] of [
    ['an address of another server', 'julia@example.org', 'address'],
    ['an address with a resource', `${address}/phone`, 'address'],
    ['a key that is none', `00${'0'.repeat(64)}@id.internal`, 'address'],
    ['nothing', '', 'address'],
    ['only the scheme', 'xmpp:', 'address'],
    ['a URI without checksum', `xmpp:${address}?roster`, 'checksum-missing'],
    ['a URI with a wrong checksum', `xmpp:${address}?roster;check=aaaaa`, 'checksum'],
    ['a megabyte', 'x'.repeat(1 << 20), 'too-long'],
  ] as const satisfies readonly (readonly [string, string, IdentityProblem])[]) {
    test(`is not ${title}`, () => {
      assert.equal(refusal(text, parseAddress).reason, reason)
    })
  }
})

describe('the outer form of a multiaddr', () => {
  for (const [text, valid] of [
    ['/ip4/127.0.0.1/tcp/0', true],
    ['/ip6/fe80::1%25eth0/udp/1/quic-v1', true],
    [`/dns4/${'a'.repeat(MULTIADDR_MAX_BYTES - 6)}`, true],
    [`/dns4/${'a'.repeat(MULTIADDR_MAX_BYTES - 5)}`, false],
    ['', false],
    ['/', false],
    ['ip4/127.0.0.1', false],
    ['/ip4//tcp', false],
    ['/ip4/127.0.0.1/', false],
    ['/ip4/127.0.0.1 /tcp/1', false],
    ['/ip4/ü', false],
    ['/ip4/1\n', false],
  ] as const) {
    test(`is ${valid ? '' : 'not '}${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(isMultiaddrText(text), valid)
    })
  }

  test('comes apart only before an Ed25519 PeerId at its end', () => {
    assert.deepEqual(splitPeerAddress(`/ip4/192.0.2.1/p2p/${laptop}`), { peerId: laptop, address: '/ip4/192.0.2.1' })
    assert.equal(splitPeerAddress(`/ip4/192.0.2.1/p2p/${laptop}/p2p-circuit`), undefined)
    assert.equal(splitPeerAddress('/ip4/192.0.2.1'), undefined)
  })
})
