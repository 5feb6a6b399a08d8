import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rosterVersion } from '../../../../src/gateway/sessions/roster-items.ts'
import { HubWorld, JULIET, type TestClient, TYBALT } from './hub-world.ts'

const GET = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>"
const set = (item: string): string => `<iq type='set' id='s'><query xmlns='jabber:iq:roster'>${item}</query></iq>`
const withoutIds = (client: TestClient): string[] =>
  client
    .read()
    .map((xml) => xml.replace(/id="push-[0-9a-f]{16}"/, 'id="push"').replace(/ver="[0-9a-f]{16}"/, 'ver="v"'))

async function versionOf(client: TestClient, known: string): Promise<string> {
  await client.write(`<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='${known}'/></iq>`)
  return client.read().join()
}

test('a client reads the roster; who only has asked is not in it', async () => {
  const world = new HubWorld()
  world.account.putRosterItem({
    jid: JULIET,
    name: 'Juliet',
    groups: ['Capulets', 'Loves'],
    subscription: 'from',
    ask: true,
    approved: true,
  })
  world.account.putRosterItem({ jid: TYBALT, pendingIn: true, isListed: false })
  const garden = world.bind('garden')
  await garden.write(GET)
  assert.deepEqual(garden.read(), [
    '<iq to="romeo@net/garden" id="g" type="result"><query xmlns="jabber:iq:roster">' +
      '<item jid="juliet@net" name="Juliet" subscription="from" ask="subscribe" approved="true">' +
      '<group>Capulets</group><group>Loves</group></item></query></iq>',
  ])
})

test('a client that knows the current version gets none of it again', async () => {
  const world = new HubWorld()
  world.account.putRosterItem({ jid: JULIET })
  const garden = world.bind('garden')
  const version = /ver="(.*?)"/.exec(await versionOf(garden, ''))![1]!
  assert.equal(await versionOf(garden, version), '<iq to="romeo@net/garden" id="g" type="result"/>')
  world.account.putRosterItem({ jid: JULIET, name: 'Juliet' })
  const pushed = /ver="(.*?)"/.exec(garden.read().join())![1]!
  assert.notEqual(pushed, version)
  assert.equal(await versionOf(garden, pushed), '<iq to="romeo@net/garden" id="g" type="result"/>')
})

test('every part of a roster item counts for its version', () => {
  const entry = new HubWorld().account.putRosterItem({ jid: JULIET })
  const others = [
    { ...entry, jid: TYBALT },
    { ...entry, name: 'x' },
    { ...entry, groups: ['x'] },
    { ...entry, subscription: 'to' as const },
    { ...entry, ask: true },
    { ...entry, approved: true },
  ]
  const versions = [[], [entry], [entry, entry], ...others.map((other) => [other])].map(rosterVersion)
  assert.equal(new Set(versions).size, versions.length)
})

test('a change is pushed to those that have asked for the roster, without a sender', async () => {
  const world = new HubWorld()
  const [garden, home, other] = [world.bind('garden'), world.bind('home'), world.bind('other')]
  await garden.write(GET)
  await home.write(GET)
  garden.read()
  home.read()
  await garden.write(set("<item jid='juliet@net/x' name='Juliet' subscription='both'><group>Loves</group></item>"))
  const push = (resource: string): string =>
    `<iq to="romeo@net/${resource}" type="set" id="push"><query xmlns="jabber:iq:roster" ver="v">` +
    '<item jid="juliet@net" name="Juliet" subscription="none"><group>Loves</group></item></query></iq>'
  assert.deepEqual(withoutIds(garden), [push('garden'), '<iq to="romeo@net/garden" id="s" type="result"/>'])
  assert.deepEqual(withoutIds(home), [push('home')])
  assert.deepEqual(other.read(), [])
  await home.write(set("<item jid='juliet@net' subscription='remove'/>"))
  assert.match(withoutIds(garden)[0]!, /<item jid="juliet@net" subscription="remove"\/>/)
  assert.equal(world.account.roster().length, 0)
  // The answer to a push is nobody's.
  await garden.write("<iq type='result' id='push-0'/>")
  assert.deepEqual(garden.read(), [])
})

test('bad roster sets are refused as RFC 6121 §2.3.3 says', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  const long = 'x'.repeat(1_024)
  for (const [item, condition] of [
    ['', 'bad-request'],
    ["<item name='nobody'/>", 'bad-request'],
    ["<item jid='juliet@net'/><item jid='tybalt@net'/>", 'bad-request'],
    ["<item jid='juliet@net'><group>a</group><group>a</group></item>", 'bad-request'],
    ["<item jid='juliet@net'><group/></item>", 'not-acceptable'],
    [`<item jid='juliet@net'><group>${long}</group></item>`, 'not-acceptable'],
    [`<item jid='juliet@net' name='${long}'/>`, 'not-acceptable'],
    ["<item jid='@'/>", 'jid-malformed'],
    ["<item jid='romeo@net'/>", 'not-allowed'],
    ["<item jid='juliet@net' subscription='remove'/>", 'item-not-found'],
  ]) {
    await garden.write(set(item!))
    assert.match(garden.read().join(), new RegExp(`type="error".*<${condition} `), item)
  }
  assert.equal(world.account.roster().length, 0)
})

test('a request of somebody on the roster is no push, for clients would see no difference', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  await garden.write(GET)
  world.account.putRosterItem({ jid: JULIET, subscription: 'to' })
  assert.equal(withoutIds(garden).length, 2)
  world.account.putRosterItem({ jid: JULIET, subscription: 'to', pendingIn: true })
  assert.deepEqual(withoutIds(garden), [])
  world.account.putRosterItem({ jid: JULIET, subscription: 'both' })
  assert.equal(withoutIds(garden).length, 1)
})
