// Mutated frames against both sides of the mailbox protocol: `node test/fuzz/mailbox-frames.ts [cases] [seed]`. Every case
// ends with an answer or a closed stream; anything else (an exception, a hang, a custodian that does not serve) fails.
import { fuzzClient, fuzzCustodian } from '../support/mailbox-fuzz.ts'

const CASES_DEFAULT = 100_000
/** One in five goes to the client, where a case costs more. */
const CLIENT_SHARE = 0.2

const cases = Number(process.argv[2] ?? CASES_DEFAULT)
const seed = process.argv[3] ?? 'mailbox frames 1'
console.log(`repeat with: node test/fuzz/mailbox-frames.ts ${cases} '${seed}'`)
const custodian = await fuzzCustodian(Math.ceil(cases * (1 - CLIENT_SHARE)), seed)
console.log('custodian', custodian)
const client = await fuzzClient(Math.ceil(cases * CLIENT_SHARE), seed)
console.log('client', client)
