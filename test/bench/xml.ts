import { parseElement } from '../../src/xml/parser.ts'
import { serialize } from '../../src/xml/serializer.ts'

// Prints parse and serialize rates per CPU second for a stanza of about 300 bytes, the size the references measure.
const ACCOUNT = `00${'ab'.repeat(32)}@id.internal`
const STANZA =
  `<message xmlns="jabber:client" id="m-0001" from="${ACCOUNT}/desk" to="${ACCOUNT}" type="chat">` +
  '<body>Hello &amp; good evening</body><request xmlns="urn:xmpp:receipts"/></message>'
const ROUNDS = 100_000

function perCpuSecond(work: () => void): number {
  for (let round = 0; round < ROUNDS / 5; round++) {
    work()
  }
  const before = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) {
    work()
  }
  const used = process.cpuUsage(before)
  return Math.round((ROUNDS * 1e6) / (used.user + used.system))
}

const bytes = new TextEncoder().encode(STANZA)
const parsed = parseElement(bytes)
console.log(`stanza of ${bytes.length} bytes, stanzas per CPU second`)
console.log(`parse      ${perCpuSecond(() => parseElement(bytes)).toLocaleString('en')} (target 80,000)`)
console.log(`serialize  ${perCpuSecond(() => serialize(parsed)).toLocaleString('en')} (target 300,000)`)
