import type { SeededRandom } from '../../sim/system/seeded-random.ts'
import { ALICE, auth, base64, openTag } from './stream-world.ts'

const SM = "xmlns='urn:xmpp:sm:3'"

/** What clients say on byte streams, before login and after it; the raw material of mutated streams. */
export const corpus: readonly string[] = [
  openTag(),
  openTag(`to='id.internal' version='1.0' from='${ALICE}' xml:lang='en'`),
  auth('PLAIN', '\0alice\0pencil'),
  auth('EXTERNAL', ''),
  auth('SCRAM-SHA-256', 'n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL'),
  auth('SCRAM-SHA-1', 'n,a=bob@id.internal,n=alice,r=fyko'),
  `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${base64('c=biws,r=abc,p=AAAA')}</response>`,
  "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='EXTERNAL'><initial-response/><bind xmlns='urn:xmpp:bind:0'><tag>x</tag><enable ${SM} resume='true'/></bind><resume ${SM} previd='x' h='0'/></authenticate>`,
  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
  "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>",
  "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
  `<enable ${SM} resume='true'/>`,
  `<r ${SM}/>`,
  `<a ${SM} h='0'/>`,
  `<resume ${SM} previd='abc' h='4294967295'/>`,
  "<inactive xmlns='urn:xmpp:csi:0'/>",
  `<message from='${ALICE}' to='bob@id.internal' type='chat' id='1'><body>h\u00e9 &amp; &#x1F600; <![CDATA[<x>]]></body><x:y xmlns:x='urn:x' x:z='>'/></message>`,
  '<presence><priority>5</priority></presence>',
  "<iq type='get' id='q'><query xmlns='jabber:iq:roster'/></iq>",
  ' \n',
  '</stream:stream>',
]

const TOKENS = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '<!',
    '<!--',
    '<?',
    '<![CDATA[',
    ']]>',
    '&',
    '&lt;',
    '&#0;',
    '&x;',
    '<!DOCTYPE a [<!ENTITY x "y">]>',
  ],
  ...[
    '\0',
    '\ufffe',
    '\ufeff',
    "'",
    '"',
    '=',
    ' xmlns=',
    "xmlns:a='b'",
    ':',
    '4294967296',
    '-1',
    `${'<a>'.repeat(70)}`,
  ],
  ...['=', 'A'.repeat(3_000), 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01', "<?xml version='1.0'?>", ' '.repeat(200)],
].map((token) => new TextEncoder().encode(token))

/** One to four mutations: bytes changed, dropped, doubled or moved, tokens put in, ends cut off. */
export function mutateStream(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let mutated = bytes
  for (let times = random.uniform(4); times >= 0; times--) {
    mutated = mutateOnce(mutated, random)
  }
  return mutated
}

function mutateOnce(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.uniform(bytes.length + 1)
  const to = Math.min(bytes.length, at + random.uniform(16))
  switch (random.uniform(6)) {
    case 0: {
      const changed = bytes.slice()
      changed[at] = random.uniform(256)
      return changed
    }
    case 1:
      return join(bytes.subarray(0, at), bytes.subarray(to))
    case 2:
      return join(bytes.subarray(0, to), bytes.subarray(at))
    case 3:
      return bytes.slice(0, at)
    case 4:
      return join(bytes.subarray(0, at), random.bytes(1 + random.uniform(8)), bytes.subarray(at))
    default:
      return join(bytes.subarray(0, at), TOKENS[random.uniform(TOKENS.length)] as Uint8Array, bytes.subarray(at))
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
