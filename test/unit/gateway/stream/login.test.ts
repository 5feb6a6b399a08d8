import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MEMORY_TLS } from '../../../support/memory-client-connection.ts'
import { ScramClient } from '../../../support/scram-client.ts'
import { ALICE, auth, BOB, base64, type StreamPlay, StreamWorld, streamError } from '../../../support/stream-world.ts'

const NS = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

function failureOf(answer: string): string | undefined {
  return /<failure xmlns="urn:(?:ietf:params:xml:ns:xmpp-sasl|xmpp:sasl:2)"><([a-z-]+)/.exec(answer)?.[1]
}

function dataOf(answer: string, name: string): string {
  const text = new RegExp(`<${name}[^>]*>([^<]*)<`).exec(answer)?.[1] ?? ''
  return Buffer.from(text, 'base64').toString()
}

async function scram(play: StreamPlay, mechanism: string, client: ScramClient): Promise<string> {
  const challenge = await play.say(auth(mechanism, client.first))
  if (failureOf(challenge) !== undefined) {
    return challenge
  }
  const { message, signature } = client.final(dataOf(challenge, 'challenge'))
  const answer = await play.say(`<response ${NS}>${base64(message)}</response>`)
  if (failureOf(answer) === undefined) {
    assert.equal(dataOf(answer, 'success'), `v=${signature}`)
  }
  return answer
}

const exporter = MEMORY_TLS.channelBindings.get('tls-exporter') as Uint8Array
const endPoint = MEMORY_TLS.channelBindings.get('tls-server-end-point') as Uint8Array

for (const hash of ['sha1', 'sha256'] as const) {
  const mechanism = hash === 'sha1' ? 'SCRAM-SHA-1' : 'SCRAM-SHA-256'

  test(`${mechanism} lets in by XID, alias and bare JID, and proves that we know the password`, async () => {
    const world = await StreamWorld.create()
    for (const user of ['alice', 'ALICE', ALICE, 'alice@id.internal', ALICE.split('@')[0] as string]) {
      const play = world.connect()
      await play.open()
      assert.match(await scram(play, mechanism, new ScramClient({ hash, user, password: 'pencil' })), /<success/, user)
      await play.open()
      assert.match(await play.bind('desk'), new RegExp(`<jid>${ALICE}/desk`))
    }
    await world.stop()
  })

  test(`${mechanism}-PLUS lets in who sees our TLS, and nobody between`, async () => {
    const world = await StreamWorld.create()
    const attempts: readonly (readonly [string, Uint8Array, RegExp])[] = [
      ['p=tls-exporter,,', exporter, /<success/],
      ['p=tls-server-end-point,,', endPoint, /<success/],
      ['p=tls-exporter,,', endPoint, /<not-authorized/],
      ['p=tls-unique,,', exporter, /<not-authorized/],
      ['n,,', new Uint8Array(0), /<not-authorized/],
      ['y,,', new Uint8Array(0), /<not-authorized/],
    ]
    for (const [gs2Header, binding, outcome] of attempts) {
      const play = world.connect({ tls: MEMORY_TLS, isLocal: false })
      await play.open()
      const client = new ScramClient({ hash, user: 'alice', password: 'pencil', gs2Header, binding })
      assert.match(await scram(play, `${mechanism}-PLUS`, client), outcome, gs2Header)
    }
    await world.stop()
  })

  test(`${mechanism} refuses a wrong password as an unknown name: same challenge, same answer`, async () => {
    const world = await StreamWorld.create()
    for (const user of ['alice', 'nobody']) {
      const play = world.connect()
      await play.open()
      const client = new ScramClient({ hash, user, password: 'wrong' })
      const challenges = [await play.say(auth(mechanism, client.first)), await play.say(auth(mechanism, client.first))]
      const salts = challenges.map((challenge) => /,s=([^,]+),i=4096,/.exec(dataOf(challenge, 'challenge'))?.[1])
      assert.equal(salts[0], salts[1])
      assert.equal(salts[0]?.length, 24)
      assert.equal(failureOf(await scram(play, mechanism, client)), 'not-authorized')
    }
    await world.stop()
  })
}

test('any of the passwords of an account lets in, and the session knows which', async () => {
  const world = await StreamWorld.create()
  await world.passwords.add(ALICE, 'phone', { password: 'stylus' })
  const play = world.connect()
  await play.open()
  const client = new ScramClient({ hash: 'sha256', user: 'alice', password: 'stylus' })
  assert.match(await scram(play, 'SCRAM-SHA-256', client), /<success/)
  await play.open()
  await play.bind('x')
  assert.equal(play.session.request.passwordName, 'phone')
  await world.stop()
})

test('a client that could bind to TLS and was not offered to has been lied to: X10', async () => {
  const world = await StreamWorld.create()
  const client = new ScramClient({ hash: 'sha256', user: 'alice', password: 'pencil', gs2Header: 'y,,' })
  const play = world.connect({ tls: MEMORY_TLS })
  await play.open()
  assert.equal(failureOf(await scram(play, 'SCRAM-SHA-256', client)), 'not-authorized')
  // Where we do not offer it, the client is right.
  const clear = world.connect()
  await clear.open()
  assert.match(await scram(clear, 'SCRAM-SHA-256', client), /<success/)
  await world.stop()
})

test('SCRAM tells with which offer it began, so that a shortened one is noticed (XEP-0474)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  const { first } = new ScramClient({ hash: 'sha1', user: 'alice', password: 'pencil' })
  const challenge = dataOf(await play.say(auth('SCRAM-SHA-1', first)), 'challenge')
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha1').update('PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-256').digest('base64')
  assert.match(challenge, new RegExp(`,h=${hash.replaceAll(/[+/]/g, '\\$&')}$`))
  await world.stop()
})

test('nobody logs in for somebody else: X8', async () => {
  const world = await StreamWorld.create()
  const attempts: readonly (readonly [string, string])[] = [
    [`${BOB}\0alice\0pencil`, 'invalid-authzid'],
    ['bob\0alice\0pencil', 'invalid-authzid'],
    ['nobody@id.internal\0alice\0pencil', 'invalid-authzid'],
    [`${ALICE}/desk\0alice\0pencil`, 'invalid-authzid'],
    ['bob\0alice\0wrong', 'not-authorized'],
    ['\0alice\0', 'malformed-request'],
    ['\0\0pencil', 'malformed-request'],
    ['alice\0pencil', 'malformed-request'],
    ['\0alice\0pencil\0', 'malformed-request'],
    ['\0alice\0pen\0cil', 'malformed-request'],
    ['', 'malformed-request'],
    [`\0alice\0${'x'.repeat(6_000)}`, 'malformed-request'],
    ['\0alice\0pencil ', 'not-authorized'],
    ['\0nobody\0pencil', 'not-authorized'],
  ]
  for (const [response, condition] of attempts) {
    const play = world.connect()
    await play.open()
    assert.equal(failureOf(await play.say(auth('PLAIN', response))), condition, JSON.stringify(response.slice(0, 40)))
  }
  for (const gs2Header of ['n,a=bob@id.internal,', `n,a=${BOB},`]) {
    const play = world.connect()
    await play.open()
    const client = new ScramClient({ hash: 'sha256', user: 'alice', password: 'pencil', gs2Header })
    assert.equal(failureOf(await scram(play, 'SCRAM-SHA-256', client)), 'invalid-authzid')
  }
  for (const authzid of [ALICE, 'alice@id.internal']) {
    const play = world.connect()
    await play.open()
    assert.match(await play.say(auth('PLAIN', `${authzid}\0alice\0pencil`)), /<success/)
  }
  await world.stop()
})

test('a mechanism that is not offered is invalid: X9', async () => {
  const world = await StreamWorld.create()
  const names = ['ANONYMOUS', 'EXTERNAL', 'DIGEST-MD5', 'SCRAM-SHA-512', 'SCRAM-SHA-1-PLUS', 'plain', '', 'constructor']
  for (const name of names) {
    const play = world.connect()
    await play.open()
    assert.equal(failureOf(await play.say(auth(name, '\0alice\0pencil'))), 'invalid-mechanism', name)
    assert.equal(
      failureOf(await play.say(`<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${name}'/>`)),
      'invalid-mechanism',
    )
  }
  await world.stop()
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['an abort', `<abort ${NS}/>`, 'aborted'],
  ['a response to nothing', `<response ${NS}>AA==</response>`, 'malformed-request'],
  ['no base64', `<auth ${NS} mechanism='PLAIN'>a b</auth>`, 'incorrect-encoding'],
  ['half of base64', `<auth ${NS} mechanism='PLAIN'>AGFsaWNl\nAGE</auth>`, 'incorrect-encoding'],
  ['no UTF-8', `<auth ${NS} mechanism='PLAIN'>AP8A/w==</auth>`, 'malformed-request'],
  ['no mechanism', `<auth ${NS}/>`, 'invalid-mechanism'],
]

for (const [what, xml, condition] of REFUSED) {
  test(`${what} fails with ${condition}, and the stream goes on`, async () => {
    const world = await StreamWorld.create()
    const play = world.connect()
    await play.open()
    assert.equal(failureOf(await play.say(xml)), condition)
    assert.match(await play.say(auth('PLAIN', '\0alice\0pencil')), /<success/)
    await world.stop()
  })
}

test('a client may leave its first response for later', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  assert.equal(
    await play.say(`<auth ${NS} mechanism='PLAIN'/>`),
    '<challenge xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>',
  )
  assert.match(await play.say(`<response ${NS}>${base64('\0alice\0pencil')}</response>`), /<success/)
  await world.stop()
})

test('five attempts may fail on one stream, the sixth is the last', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  for (let attempt = 1; attempt <= 5; attempt++) {
    const answer = await play.say(auth('PLAIN', '\0alice\0wrong'))
    assert.equal(failureOf(answer), 'not-authorized')
    assert.equal(streamError(answer), undefined)
  }
  const last = await play.say(auth('PLAIN', '\0alice\0wrong'))
  assert.equal(failureOf(last), 'not-authorized')
  assert.equal(streamError(last), 'policy-violation')
  await world.stop()
})

test('whoever guesses is slowed down, whoever knows is not', async () => {
  const world = await StreamWorld.create()
  for (let stream = 0; stream < 3; stream++) {
    const play = world.connect()
    await play.open()
    for (let attempt = 0; attempt < 4; attempt++) {
      await play.say(auth('PLAIN', '\0alice\0wrong'))
    }
  }
  const guesser = world.connect()
  await guesser.open()
  assert.equal(await guesser.say(auth('PLAIN', '\0alice\0wrong'), auth('PLAIN', '\0alice\0pencil')), '')
  const owner = world.connect()
  await owner.open()
  assert.match(await owner.say(auth('PLAIN', '\0alice\0pencil')), /<success/)
  assert.match(await guesser.hear(3_000), /<not-authorized.*<success/)
  await world.stop()
})

test('on the Unix socket the owner needs no password, and may say which account', async () => {
  const world = await StreamWorld.create()
  const attempts: readonly (readonly [string, string])[] = [
    ['', ALICE],
    ['bob', BOB],
    [BOB, BOB],
  ]
  for (const [authzid, account] of attempts) {
    const play = world.connect({ transport: 'unix' })
    await play.open()
    assert.match(await play.say(auth('EXTERNAL', authzid)), /<success/)
    await play.open()
    await play.bind('cli')
    assert.equal(play.session.jid.bare().toString(), account)
    assert.equal(play.session.request.passwordName, undefined)
    assert.equal(play.session.request.port.isOwner, true)
  }
  const stranger = world.connect({ transport: 'unix' })
  await stranger.open()
  assert.equal(failureOf(await stranger.say(auth('EXTERNAL', 'nobody'))), 'invalid-authzid')
  await world.stop()
})

test('sessions of a revoked password end with not-authorized, others stay', async () => {
  const world = await StreamWorld.create()
  await world.passwords.add(ALICE, 'phone', { password: 'stylus' })
  const phone = await world.login({}, 'alice', 'stylus', 'phone')
  const { session } = phone
  const desk = await world.login({}, 'alice', 'pencil', 'desk')
  const unbound = world.connect()
  await unbound.authenticate('alice', 'stylus')
  await world.passwords.revoke(ALICE, 'phone')
  assert.equal(streamError(await phone.hear()), 'not-authorized')
  assert.equal(streamError(await unbound.hear()), 'not-authorized')
  assert.deepEqual(session.events, ['ended'])
  assert.equal(await desk.hear(), '')
  assert.equal(desk.client.isClosed, false)
  await world.stop()
})

const SASL2 = "xmlns='urn:xmpp:sasl:2'"

function authenticate(response: string, inline = ''): string {
  return `<authenticate ${SASL2} mechanism='PLAIN'><initial-response>${base64(response)}</initial-response>${inline}</authenticate>`
}

test('SASL2 logs in without a restart (XEP-0388)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  const answer = await play.say(authenticate('\0alice\0pencil'))
  assert.match(
    answer,
    new RegExp(
      `^<success xmlns="urn:xmpp:sasl:2"><authorization-identifier>${ALICE}</authorization-identifier></success><stream:features><bind `,
    ),
  )
  assert.match(await play.bind('desk'), /<jid>/)
  await world.stop()
})

test('SASL2 with SCRAM carries the server signature, and its failures are conditions of RFC 6120', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  const client = new ScramClient({ hash: 'sha256', user: 'alice', password: 'pencil' })
  const begin = `<authenticate ${SASL2} mechanism='SCRAM-SHA-256'><initial-response>${base64(client.first)}</initial-response></authenticate>`
  assert.match(
    await play.say(begin, `<abort ${SASL2}/>`),
    /<failure xmlns="urn:xmpp:sasl:2"><aborted xmlns="urn:ietf:params:xml:ns:xmpp-sasl"\/>/,
  )
  const { message, signature } = client.final(dataOf(await play.say(begin), 'challenge'))
  const answer = await play.say(`<response ${SASL2}>${base64(message)}</response>`)
  assert.equal(dataOf(answer, 'additional-data'), `v=${signature}`)
  await world.stop()
})

test('Bind 2 binds, enables carbons, stream management and client state at once (XEP-0386)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  const features =
    "<enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='urn:xmpp:sm:3' resume='true'/><inactive xmlns='urn:xmpp:csi:0'/>"
  const bind = `<bind xmlns='urn:xmpp:bind:0'><tag>Client</tag>${features}</bind>`
  const answer = await play.say(authenticate('\0alice\0pencil', bind))
  assert.match(answer, new RegExp(`<authorization-identifier>${ALICE}/Client/[0-9a-f]{16}<`))
  assert.match(answer, /<bound xmlns="urn:xmpp:bind:0"><enabled xmlns="urn:xmpp:sm:3" id="[\w-]{32}" resume="true"/)
  assert.match(answer, /<\/success><stream:features>/)
  assert.deepEqual(play.session.events, ['carbons true', 'active false'])
  assert.match(await play.say("<presence/><r xmlns='urn:xmpp:sm:3'/>"), /h="1"/)
  await world.stop()
})

test('a stream that says it is for one account does not log in to another (XEP-0388 §2.3)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open("to='id.internal' version='1.0' from='bob@id.internal'")
  assert.equal(failureOf(await play.say(authenticate('\0alice\0pencil'))), 'invalid-authzid')
  await world.stop()
})

test('one installation gets the same resource at each login, others another (XEP-0386 §4.2.1)', async () => {
  const world = await StreamWorld.create()
  const resources: (string | undefined)[] = []
  for (const id of ['d4565fa7-4d72-4749-b3d3-740edbf87770', 'd4565fa7-4d72-4749-b3d3-740edbf87770', 'other']) {
    const play = world.connect()
    await play.open()
    const agent = `<user-agent id='${id}'/><bind xmlns='urn:xmpp:bind:0'/>`
    assert.doesNotMatch(await play.say(authenticate('\0alice\0pencil', agent)), new RegExp(id))
    resources.push(play.session.jid.resource)
  }
  assert.equal(resources[0], resources[1])
  assert.notEqual(resources[0], resources[2])
  await world.stop()
})
