import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { ScramClient } from '../../support/scram-client.ts'
import { HostileClient, passwordOf, SM } from './hostile-client.ts'
import { startMiddle } from './man-in-the-middle.ts'
import { assertAll, type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const condition = (element: { elements(): readonly { readonly name: string }[] }): string =>
  element.elements()[0]?.name ?? ''

/** Mechanisms that others have, and what looks like one. Not offered in clear. */
const NOT_OFFERED = [
  ...['ANONYMOUS', 'EXTERNAL', 'DIGEST-MD5', 'CRAM-MD5', 'LOGIN', 'GSSAPI', 'GS2-KRB5', 'NTLM', 'OTP', 'SKEY'],
  ...['OAUTHBEARER', 'X-OAUTH2', 'X-FACEBOOK-PLATFORM', 'SAML20', 'HT-SHA-256-NONE', 'HT-SHA-256-EXPR'],
  ...['SCRAM-SHA-512', 'SCRAM-SHA-512-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-MD5'],
  ...['', 'plain', 'PLAIN ', '__proto__', 'constructor', 'toString', 'PLAIN&#10;'],
]

/** X7, X8, X9, X10, X12: who somebody is. */
export function loginRows(node: VictimNode): readonly Row[] {
  return [
    ...[spoofedFrom(node), authzid(node), malformedPlain(node), notOffered(node)],
    ...[withoutStartTls(node), strippedBinding(node), otherTls(node)],
    ...[resumeBeforeLogin(node), resumeAsOther(node), resumeTwice(node), resumptionIds(node)],
  ]
}

function spoofedFrom(node: VictimNode): Row {
  return {
    id: 'X7',
    sent: 'message, presence and iq from another account, another resource, the domain, nonsense',
    must: 'invalid-from; nobody gets them',
    run: async () => {
      const carol = await node.login('carol', { presence: '<presence/>' })
      const [bare = ''] = carol.jid.split('/')
      const endings: string[] = []
      for (const from of [carol.jid, bare, 'carol@id.internal', 'id.internal', 'x@y', '@', 'other']) {
        for (const stanza of ['message', 'presence', 'iq type="get" id="s"']) {
          const alice = await node.login('alice', { resource: 'mine' })
          const claimed = from === 'other' ? `${alice.jid.split('/')[0]}/other` : from
          alice.send(`<${stanza} from='${claimed}' to='${carol.jid}'><x xmlns='spoofed'/></${stanza.split(' ')[0]}>`)
          endings.push(await alice.ending())
        }
      }
      await carol.ping()
      assert.ok(carol.heard.every((e) => e.child('x', 'spoofed') === undefined))
      await carol.end()
      return assertAll(endings, 'invalid-from')
    },
  }
}

function authzid(node: VictimNode): Row {
  const password = passwordOf('alice')
  return {
    id: 'X8',
    sent: 'PLAIN and SCRAM as alice with the authorization identity of carol, of nobody, of the domain',
    must: 'invalid-authzid',
    run: async () => {
      const answers: string[] = []
      for (const wanted of ['carol@id.internal', 'carol', 'id.internal', '@', 'x@y/z']) {
        const client = await HostileClient.connect(node.doors.xmpp)
        await client.open()
        answers.push(condition(await client.plain(`${wanted}\0alice\0${password}`)))
        const gs2Header = `n,a=${wanted},`
        const scram = new ScramClient({ hash: 'sha256', user: 'alice', password, gs2Header })
        const challenge = await client.sasl('SCRAM-SHA-256', base64(scram.first))
        const { message } = scram.final(Buffer.from(challenge.text(), 'base64').toString())
        answers.push(condition(await client.respond(base64(message))))
        client.destroy()
      }
      return assertAll(answers, 'invalid-authzid')
    },
  }
}

function malformedPlain(node: VictimNode): Row {
  const messages = [
    '\0\0',
    '\0alice\0',
    '\0\0pw',
    'alice',
    '\0alice\0pw\0',
    '\0\0\0\0',
    '\0alice\0a\0b',
    '\0a\uffff\0b',
  ]
  return {
    id: 'X8',
    sent: 'PLAIN with missing and extra NULs, nothing, 1,000 bytes, no base64; then 64 KB',
    must: 'malformed-request, incorrect-encoding; 64 KB before login: policy-violation',
    run: async () => {
      const answers: string[] = []
      for (const message of [...messages, `\0alice\0${'p'.repeat(1_000)}`]) {
        const client = await HostileClient.connect(node.doors.xmpp)
        await client.open()
        answers.push(condition(await client.plain(message)))
        client.destroy()
      }
      const client = await HostileClient.connect(node.doors.xmpp)
      await client.open()
      for (const garbage of ['=', '!!!', 'AA=A', 'A', '=AAA']) {
        answers.push(condition(await client.sasl('PLAIN', garbage)))
      }
      client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${'A'.repeat(65_536)}</auth>`)
      const ending = await client.ending()
      assert.equal(ending, 'policy-violation')
      const others = answers.filter((a) => !['malformed-request', 'incorrect-encoding', 'not-authorized'].includes(a))
      assert.deepEqual(others, [])
      return `${tally(answers)}; ${ending}`
    },
  }
}

function notOffered(node: VictimNode): Row {
  return {
    id: 'X9',
    sent: `${NOT_OFFERED.length} mechanisms that are not offered, with SASL and SASL2`,
    must: 'invalid-mechanism',
    run: async () => {
      const answers: string[] = []
      for (const mechanism of NOT_OFFERED) {
        const client = await HostileClient.connect(node.doors.xmpp)
        await client.open()
        answers.push(condition(await client.sasl(mechanism, base64('\0alice\0x'))))
        client.send(`<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'><initial-response/></authenticate>`)
        const isFailure = (e: { name: string; namespace: string }): boolean => e.namespace === 'urn:xmpp:sasl:2'
        answers.push(condition(await client.next('a failure of SASL2', isFailure)))
        client.destroy()
      }
      return assertAll(answers, 'invalid-mechanism')
    },
  }
}

/** What a client sees that insists on TLS; its password must never be seen by whoever is in the middle. */
function withoutStartTls(node: VictimNode): Row {
  return {
    id: 'X10',
    sent: 'a man in the middle removes <starttls/> from the features',
    must: 'a client that wants TLS is not offered it and stops (in clear from another machine there is nothing to log in with)',
    run: async () => {
      const middle = await startMiddle({
        port: node.doors.xmpp,
        change: (text) => text.replace(/<starttls.*?<\/?starttls[^>]*>|<starttls[^>]*\/>/u, ''),
      })
      const client = await HostileClient.connect(middle.port)
      const features = await client.open()
      assert.ok(features.elements().every(({ name }) => name !== 'starttls'))
      client.destroy()
      await middle.stop()
      return 'nothing to go on with'
    },
  }
}

/** XEP-0474 and RFC 5802 §6: the client can bind, and is told that the server cannot. */
function strippedBinding(node: VictimNode): Row {
  const password = passwordOf('alice')
  return {
    id: 'X10',
    sent: "a man in the middle with TLS of his own removes -PLUS; the client says 'y', or 'n' and compares the offer's hash",
    must: "not-authorized for 'y'; for 'n' the hash of the offer (XEP-0474) differs",
    run: async () => {
      const change = (text: string): string => text.replace(/<mechanism>[A-Z0-9-]*-PLUS<\/mechanism>/gu, '')
      const middle = await startMiddle({ port: node.doors.xmpps, change, tls: true })
      const client = await HostileClient.connectTls(middle.port)
      const features = await client.open()
      const offered = mechanismsOf(features)
      assert.ok(offered.length > 0 && offered.every((name) => !name.endsWith('-PLUS')))
      const binding = new ScramClient({ hash: 'sha256', user: 'alice', password, gs2Header: 'y,,' })
      assert.equal(condition(await client.sasl('SCRAM-SHA-256', base64(binding.first))), 'not-authorized')
      const careless = new ScramClient({ hash: 'sha256', user: 'alice', password })
      const challenge = await client.sasl('SCRAM-SHA-256', base64(careless.first))
      const serverFirst = Buffer.from(challenge.text(), 'base64').toString()
      const told = /,h=([^,]+)/u.exec(serverFirst)?.[1]
      assert.ok(told !== undefined && told !== offerHash(features))
      client.destroy()
      await middle.stop()
      // Without him the same comparison holds.
      const honest = await HostileClient.connectTls(node.doors.xmpps)
      const offer = await honest.open()
      const answer = await honest.sasl(
        'SCRAM-SHA-256',
        base64(new ScramClient({ hash: 'sha256', user: 'alice', password }).first),
      )
      assert.match(
        Buffer.from(answer.text(), 'base64').toString(),
        new RegExp(`,h=${offerHash(offer).replace(/[+/=]/gu, '\\$&')}`),
      )
      honest.destroy()
      return "'y': not-authorized; the hash shows it, and fits without him"
    },
  }
}

function otherTls(node: VictimNode): Row {
  const password = passwordOf('alice')
  return {
    id: 'X10',
    sent: 'SCRAM-SHA-256-PLUS through a man in the middle with TLS of his own; and without him',
    must: 'not-authorized; success',
    run: async () => {
      const middle = await startMiddle({ port: node.doors.xmpps, change: (text) => text, tls: true })
      const answers: string[] = []
      for (const port of [middle.port, node.doors.xmpps]) {
        const client = await HostileClient.connectTls(port)
        await client.open()
        const binding = client.tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
        const gs2Header = 'p=tls-exporter,,'
        const scram = new ScramClient({ hash: 'sha256', user: 'alice', password, gs2Header, binding })
        const challenge = await client.sasl('SCRAM-SHA-256-PLUS', base64(scram.first))
        const { message } = scram.final(Buffer.from(challenge.text(), 'base64').toString())
        const answer = await client.respond(base64(message))
        answers.push(answer.name === 'success' ? 'success' : condition(answer))
        client.destroy()
      }
      await middle.stop()
      assert.deepEqual(answers, ['not-authorized', 'success'])
      return tally(answers)
    },
  }
}

function mechanismsOf(features: Awaited<ReturnType<HostileClient['open']>>): string[] {
  const list = features.elements('mechanisms', 'urn:ietf:params:xml:ns:xmpp-sasl')[0]
  return list?.elements().map((mechanism) => mechanism.text()) ?? []
}

/** XEP-0474 §4.1, of what the client was shown. */
function offerHash(features: Awaited<ReturnType<HostileClient['open']>>): string {
  const bindings = features
    .elements('sasl-channel-binding')
    .flatMap((list) => list.elements().map((binding) => binding.attribute('type') ?? ''))
  const parts = [mechanismsOf(features), bindings].map((names) => names.sort().join('\x1e'))
  return createHash('sha256').update(parts.join('\x1f')).digest('base64')
}

function resumeBeforeLogin(node: VictimNode): Row {
  return {
    id: 'X12',
    sent: "<resume previd=victim's/> before login, between login and a wrong id, and after binding",
    must: 'failed; the victim goes on',
    run: async () => {
      const victim = await node.login('alice', { presence: '<presence/>' })
      const id = await victim.manage()
      const answers: string[] = []
      const early = await HostileClient.connect(node.doors.xmpp)
      await early.open()
      const bound = await node.login('alice')
      for (const client of [early, bound]) {
        client.send(`<resume ${SM} previd='${id}' h='0'/>`)
        answers.push((await client.next('failed', ({ namespace }) => namespace === 'urn:xmpp:sm:3')).name)
        client.destroy()
      }
      await victim.ping()
      await victim.end()
      return assertAll(answers, 'failed')
    },
  }
}

function resumeAsOther(node: VictimNode): Row {
  return {
    id: 'X12',
    sent: '<resume/> of the session of alice by carol, with her id; with ids that are cut, longer, empty',
    must: 'failed with item-not-found; the victim gets what comes afterwards',
    run: async () => {
      const victim = await node.login('alice', { presence: '<presence/>' })
      const id = await victim.manage()
      const answers: string[] = []
      for (const [user, previd] of [
        ['carol', id],
        ['alice', id.slice(1)],
        ['alice', `${id}A`],
        ['alice', ''],
      ] as const) {
        const thief = await HostileClient.connect(node.doors.xmpp)
        await thief.authenticate(user, passwordOf(user))
        thief.send(`<resume ${SM} previd='${previd}' h='0'/>`)
        const failed = await thief.next('failed', ({ namespace }) => namespace === 'urn:xmpp:sm:3')
        answers.push(`${failed.name} ${condition(failed)}`)
        thief.destroy()
      }
      victim.send(`<message to='${victim.jid}' id='still'/>`)
      await victim.next('its message', (e) => e.attribute('id') === 'still')
      await victim.end()
      return assertAll(answers, 'failed item-not-found')
    },
  }
}

function resumeTwice(node: VictimNode): Row {
  return {
    id: 'X12',
    sent: 'the <resume/> of a session that was resumed, sent once more by carol; of one that has ended; with h of the future',
    must: 'failed; failed; handled-count-too-high; the victim unaffected by the first',
    run: async () => {
      const first = await node.login('alice', { presence: '<presence/>' })
      const id = await first.manage()
      first.destroy()
      const again = await resume(node, 'alice', id, 0)
      assert.equal(again.answer.name, 'resumed')
      const thief = await resume(node, 'carol', id, 0)
      assert.equal(thief.answer.name, 'failed')
      thief.client.destroy()
      await again.client.ping()
      await again.client.end()
      const late = await resume(node, 'alice', id, 0)
      assert.equal(late.answer.name, 'failed')
      late.client.destroy()
      const victim = await node.login('alice', { presence: '<presence/>' })
      const other = await victim.manage()
      victim.destroy()
      const future = await HostileClient.connect(node.doors.xmpp)
      await future.authenticate('alice', passwordOf('alice'))
      future.send(`<resume ${SM} previd='${other}' h='4294967295'/>`)
      const ending = await future.ending()
      assert.equal(ending, 'undefined-condition')
      return `resumed once; failed by carol, failed after its end, ${ending} (handled-count-too-high) for a future h`
    },
  }
}

async function resume(
  node: VictimNode,
  user: string,
  id: string,
  h: number,
): Promise<{ client: HostileClient; answer: Awaited<ReturnType<HostileClient['open']>> }> {
  const client = await HostileClient.connect(node.doors.xmpp)
  await client.authenticate(user, passwordOf(user))
  client.send(`<resume ${SM} previd='${id}' h='${h}'/>`)
  return { client, answer: await client.next('an answer', ({ namespace }) => namespace === 'urn:xmpp:sm:3') }
}

function resumptionIds(node: VictimNode): Row {
  return {
    id: 'X12',
    sent: '20 sessions with stream management',
    must: 'ids of at least 128 bits, all different',
    run: async () => {
      const ids = new Set<string>()
      for (let times = 0; times < 20; times++) {
        const client = await node.login('alice')
        ids.add(await client.manage())
        await client.end()
      }
      assert.equal(ids.size, 20)
      const bits = Math.min(...[...ids].map((id) => Buffer.from(id, 'base64url').length * 8))
      assert.ok(bits >= 128)
      return `${bits} bits`
    },
  }
}
