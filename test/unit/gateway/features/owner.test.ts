import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { GatewayParts } from '../../../../src/gateway/features/feature.ts'
import { OwnerFeature } from '../../../../src/gateway/features/owner/owner.ts'
import { ClientPasswords } from '../../../../src/gateway/sasl/client-passwords.ts'
import { WebLogins } from '../../../../src/gateway/web/web-logins.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { FakeClientPort } from '../../../support/fake-client-port.ts'
import { type FakeSession, FeatureWorld } from '../../../support/feature-world.ts'

const NS = 'urn:kabber:node:0'
const ROMEO = `00${'cd'.repeat(32)}@id.internal`

/** A world in which one session is the owner's. */
function ownerWorld(t: TestContext): { world: FeatureWorld; owner: FakeSession } {
  const world = new FeatureWorld()
  const { clock, random, store } = world
  const passwords = new ClientPasswords({ clock, random, store })
  const webLogins = new WebLogins({ clock, random, passwords, websocketPath: '/ws' })
  const node = { peerId: '12D3KooWFake', accounts: [world.account], status: () => ({ peerId: '12D3KooWFake' }) }
  world.make([
    (context) => new OwnerFeature({ ...context, gateway: { passwords, webLogins, node } as unknown as GatewayParts }),
  ])
  t.after(() => world.stop())
  const owner = { ...world.bind('commands', false), port: new FakeClientPort({ isOwner: true }) }
  return { world, owner }
}

function message(xml: string): ReturnType<typeof parseElement> {
  return parseElement(xml.replace('<message ', "<message xmlns='jabber:client' "))
}

describe('the owner feature', () => {
  it('answers nobody but the commands of the owner', async (t) => {
    const { world } = ownerWorld(t)
    const phone = world.bind('phone')
    assert.match(await world.ask(phone, `<iq type='get'><whoami xmlns='${NS}'/></iq>`), /type="error".*<forbidden/)
    assert.match(await world.ask(ROMEO, `<iq type='get'><whoami xmlns='${NS}'/></iq>`), /<service-unavailable/)
  })

  it('says who the owner is and how the node is', async (t) => {
    const { world, owner } = ownerWorld(t)
    const { address } = world.account
    assert.equal(
      await world.ask(owner, `<iq type='get'><whoami xmlns='${NS}'/></iq>`),
      `<iq type="result"><whoami xmlns="${NS}" address="${address}" alias="juliet" uri="xmpp:${address}?roster" peer-id="12D3KooWFake"/></iq>`,
    )
    assert.equal(
      await world.ask(owner, `<iq type='get'><status xmlns='${NS}'/></iq>`),
      `<iq type="result"><status xmlns="${NS}">{"peerId":"12D3KooWFake"}</status></iq>`,
    )
  })

  it('refuses a request that it does not know, or that is asked the wrong way', async (t) => {
    const { world, owner } = ownerWorld(t)
    assert.match(await world.ask(owner, `<iq type='get'><launch xmlns='${NS}'/></iq>`), /<feature-not-implemented/)
    assert.match(await world.ask(owner, `<iq type='get'><web-token xmlns='${NS}'/></iq>`), /<feature-not-implemented/)
    assert.match(await world.ask(owner, `<iq type='set'><add xmlns='${NS}'/></iq>`), /<bad-request/)
  })

  it('lists contacts with how they are there, those who only ask included', async (t) => {
    const { world, owner } = ownerWorld(t)
    world.account.putRosterItem({ jid: ROMEO, name: 'Romeo', subscription: 'both' })
    world.account.putRosterItem({ jid: `01${ROMEO.slice(2)}`, pendingIn: true, isListed: false })
    for (const [resource, show] of [
      ['a', '<show>xa</show>'],
      ['b', '<show>away</show>'],
    ] as const) {
      world.account.hearPresence(
        parseElement(`<presence xmlns='jabber:client' from='${ROMEO}/${resource}'>${show}</presence>`),
      )
    }
    assert.equal(
      await world.ask(owner, `<iq type='get'><contacts xmlns='${NS}'/></iq>`),
      `<iq type="result"><contacts xmlns="${NS}">` +
        `<contact address="${ROMEO}" name="Romeo" subscription="both" presence="away"/>` +
        `<contact address="01${ROMEO.slice(2)}" subscription="none" pending-in="true" presence="unavailable"/>` +
        '</contacts></iq>',
    )
  })

  it('adds with name and addresses, accepts and removes', async (t) => {
    const { world, owner } = ownerWorld(t)
    const added: unknown[] = []
    const { account } = world
    const add = account.addContact.bind(account)
    account.addContact = async (jid, options) => {
      added.push(jid, options)
      return await add(jid, options)
    }
    const hints = "<node id='12D3KooWRomeo'><address>/ip4/192.0.2.1/tcp/4001</address></node>"
    assert.match(
      await world.ask(owner, `<iq type='set'><add xmlns='${NS}' address='${ROMEO}' name='R'>${hints}</add></iq>`),
      /<contact .*name="R"/,
    )
    const peer = { peerId: '12D3KooWRomeo', addresses: ['/ip4/192.0.2.1/tcp/4001'] }
    assert.deepEqual(added, [ROMEO, { name: 'R', hints: [peer] }])
    assert.match(
      await world.ask(owner, `<iq type='set'><accept xmlns='${NS}' address='${ROMEO}'/></iq>`),
      /<contact [^>]*address=/,
    )
    assert.equal(
      await world.ask(owner, `<iq type='set'><remove xmlns='${NS}' address='${ROMEO}'/></iq>`),
      '<iq type="result"/>',
    )
    assert.match(
      await world.ask(owner, `<iq type='set'><remove xmlns='${NS}' address='${ROMEO}'/></iq>`),
      /<item-not-found.*is not among your contacts/,
    )
  })

  it('makes, lists and revokes passwords', async (t) => {
    const { world, owner } = ownerWorld(t)
    const made = await world.ask(owner, `<iq type='set'><password xmlns='${NS}' name='phone'/></iq>`)
    const [, password = ''] = /name="phone">([^<]+)</.exec(made) ?? []
    assert.ok(password.length >= 20)
    const listed = await world.ask(owner, `<iq type='get'><passwords xmlns='${NS}'/></iq>`)
    assert.match(listed, /<password name="phone" created-ms="\d+"\/>/)
    assert.ok(!listed.includes(password))
    assert.match(await world.ask(owner, `<iq type='set'><password xmlns='${NS}' name='phone'/></iq>`), /<conflict/)
    const revoke = `<iq type='set'><revoke xmlns='${NS}' name='phone'/></iq>`
    assert.equal(await world.ask(owner, revoke), '<iq type="result"/>')
    assert.match(await world.ask(owner, revoke), /<item-not-found/)
  })

  it('makes a token for the web chat, with the base of the web port', async (t) => {
    const { world, owner } = ownerWorld(t)
    assert.match(
      await world.ask(owner, `<iq type='set'><web-token xmlns='${NS}'/></iq>`),
      /<web-token [^>]*token="[0-9a-f]{40}" base="http:\/\/127.0.0.1:5280" expires-ms="\d+"\/>/,
    )
    const port = Object.assign(new FakeClientPort({ isOwner: true }), { webBase: undefined })
    assert.match(
      await world.ask({ ...owner, port }, `<iq type='set'><web-token xmlns='${NS}'/></iq>`),
      /<item-not-found.*without a web port/,
    )
  })
})

describe('what becomes of messages', () => {
  it('is told to sessions that ask for it, and to no others', async (t) => {
    const { world, owner } = ownerWorld(t)
    const phone = world.bind('phone')
    await world.account.send(message(`<message to='${ROMEO}' id='before'><body>a</body></message>`))
    assert.equal(await world.ask(owner, `<iq type='set'><watch xmlns='${NS}'/></iq>`), '<iq type="result"/>')
    await world.account.send(message(`<message to='${ROMEO}' id='m1'><body>a</body></message>`))
    const [queued] = owner.port.take()
    assert.match(queued ?? '', new RegExp(`to="${owner.jid}"`))
    const [, id = ''] = /<state xmlns="urn:kabber:node:0" id="([^"]+)"/.exec(queued ?? '') ?? []
    assert.match(queued ?? '', new RegExp(`peer="${ROMEO}" state="queued" stanza-id="m1"`))
    world.account.emit({ type: 'message-state', id, peer: ROMEO, state: 'stored', receipts: 6, of: 10 })
    const [stored] = owner.port.take()
    assert.match(stored ?? '', new RegExp(`id="${id}" peer="${ROMEO}" state="stored" receipts="6" of="10"`))
    assert.deepEqual(phone.port.take(), [])
  })

  it('is not told of messages that come in, and no more after the session ended', async (t) => {
    const { world, owner } = ownerWorld(t)
    await world.ask(owner, `<iq type='set'><watch xmlns='${NS}'/></iq>`)
    world.account.hear(
      message(`<message from='${ROMEO}' to='${world.account.address}' id='x'><body>a</body></message>`),
    )
    assert.deepEqual(owner.port.take(), [])
    world.end(owner)
    world.account.emit({ type: 'message-state', id: 'm', peer: ROMEO, state: 'delivered' })
    assert.deepEqual(owner.port.take(), [])
  })

  it('can be asked for by archive id', async (t) => {
    const { world, owner } = ownerWorld(t)
    await world.account.send(message(`<message to='${ROMEO}' id='m1'><body>a</body></message>`))
    const [archived] = world.account.history(ROMEO)
    assert.ok(archived !== undefined)
    const asked = `<message archive-id='${archived.archiveId}'/>`
    assert.equal(
      await world.ask(owner, `<iq type='get'><states xmlns='${NS}'>${asked}</states></iq>`),
      `<iq type="result"><states xmlns="${NS}"><message archive-id="${archived.archiveId}" id="${archived.id}" state="queued" direction="out"/></states></iq>`,
    )
    assert.equal(
      await world.ask(owner, `<iq type='get'><states xmlns='${NS}'/></iq>`),
      `<iq type="result"><states xmlns="${NS}"/></iq>`,
    )
    assert.match(
      await world.ask(owner, `<iq type='get'><states xmlns='${NS}'><message archive-id='999'/></states></iq>`),
      /<item-not-found/,
    )
  })
})
