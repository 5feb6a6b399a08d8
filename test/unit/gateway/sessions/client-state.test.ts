import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubWorld, stanza } from './hub-world.ts'

const STATE = "xmlns='http://jabber.org/protocol/chatstates'"

test('while nobody looks, presence and chat states wait, and only the last of each counts', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.bound.setActive(false)
  for (const show of ['away', 'xa', 'dnd']) {
    world.account.hearPresence(stanza(`<presence from='juliet@net/x' to='romeo@net'><show>${show}</show></presence>`))
  }
  world.hear(`<message from='juliet@net/x' to='romeo@net' type='chat'><composing ${STATE}/></message>`)
  world.hear(`<message from='juliet@net/x' to='romeo@net' type='chat'><paused ${STATE}/></message>`)
  assert.deepEqual(garden.read(), [])
  garden.bound.setActive(true)
  assert.deepEqual(garden.read(), [
    '<presence from="juliet@net/x" to="romeo@net"><show>dnd</show></presence>',
    '<message from="juliet@net/x" to="romeo@net" type="chat"><paused xmlns="http://jabber.org/protocol/chatstates"/></message>',
  ])
})

test('a message does not wait, and what was held goes before it', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.bound.setActive(false)
  world.account.hearPresence(stanza("<presence from='juliet@net/x' to='romeo@net'/>"))
  world.hear("<message from='juliet@net/x' to='romeo@net' type='chat'><body>hi</body></message>")
  assert.deepEqual(
    garden.read().map((xml) => xml.slice(0, 9)),
    ['<presence', '<message '],
  )
})

test('what is held has a bound', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.bound.setActive(false)
  for (let index = 0; index < 1_500; index++) {
    world.account.hearPresence(stanza(`<presence from='juliet@net/${index}' to='romeo@net'/>`))
  }
  assert.equal(garden.read().length, 1_025)
  garden.bound.resumed()
  assert.equal(garden.read().length, 475)
})
