import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Element } from '../../src/xml/element.ts'
import { ClientOf, gatewayOf } from '../support/gateway-people.ts'
import { befriend, chat, type Person, type VirtualStage, virtualStage } from '../support/people.ts'

const NS_ARCHIVE = 'urn:xmpp:mam:2'

interface Play {
  readonly stage: VirtualStage
  readonly romeo: Person
  readonly juliet: Person
  readonly balcony: ClientOf
}

/** Juliet has a client at her gateway; Romeo has only his node. */
async function play(act: (play: Play) => Promise<void>): Promise<void> {
  const stage = virtualStage()
  try {
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await befriend(stage, romeo, juliet)
    const gateway = gatewayOf(juliet)
    const balcony = new ClientOf(stage, { gateway, account: juliet.address, resource: 'balcony' })
    await balcony.write('<presence/>')
    await act({ stage, romeo, juliet, balcony })
    await stage.run(gateway.stop())
  } finally {
    await stage.close()
  }
}

function answerTo(client: ClientOf, id: string): Element {
  const answer = client.stanzas.find((stanza) => stanza.name === 'iq' && stanza.attribute('id') === id)
  assert.ok(answer, `${id} is answered`)
  return answer
}

let queries = 0

/** Asks the archive; bodies and ids of the page and whether it is the last. */
async function page(
  client: ClientOf,
  inner: string,
): Promise<{ bodies: string[]; ids: string[]; isComplete: boolean; error: string | undefined }> {
  const id = `query${queries++}`
  await client.write(`<iq type='set' id='${id}'><query xmlns='${NS_ARCHIVE}' queryid='${id}'>${inner}</query></iq>`)
  const results = client.stanzas
    .map((stanza) => stanza.child('result', NS_ARCHIVE))
    .filter((result) => result?.attribute('queryid') === id)
  const messages = results.map((result) =>
    result?.child('forwarded', 'urn:xmpp:forward:0')?.child('message', 'jabber:client'),
  )
  const answer = answerTo(client, id)
  return {
    bodies: messages.map((message) => message?.child('body')?.text() ?? ''),
    ids: results.map((result) => result?.attribute('id') ?? ''),
    isComplete: answer.child('fin', NS_ARCHIVE)?.attribute('complete') === 'true',
    error: answer.child('error')?.elements()[0]?.name,
  }
}

function form(values: Readonly<Record<string, readonly string[]>>): string {
  const fields = Object.entries({ FORM_TYPE: [NS_ARCHIVE], ...values }).map(
    ([name, list]) => `<field var='${name}'>${list.map((value) => `<value>${value}</value>`).join('')}</field>`,
  )
  return `<x xmlns='jabber:x:data' type='submit'>${fields.join('')}</x>`
}

function set(inner: string): string {
  return `<set xmlns='http://jabber.org/protocol/rsm'>${inner}</set>`
}

test('a client reads the conversation from the archive of a real node, page by page', async () => {
  await play(async ({ stage, romeo, juliet, balcony }) => {
    for (let i = 0; i < 5; i++) {
      await stage.run(romeo.account.send(chat(juliet, `line ${i}`)))
    }
    await stage.until(juliet, () => balcony.heard.length === 5)
    await balcony.write(`<message to='${romeo.address}' type='chat'><body>line 5</body></message>`)
    const all = ['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5']
    const whole = await page(balcony, '')
    assert.deepEqual(whole, { bodies: all, ids: whole.ids, isComplete: true, error: undefined })
    const [first = '', second = '', third = '', fourth = '', fifth = '', sixth = ''] = whole.ids

    const live = balcony.stanzas.find((stanza) => stanza.child('body')?.text() === 'line 2')
    const stanzaIds = live
      ?.elements('stanza-id', 'urn:xmpp:sid:0')
      .filter((child) => child.attribute('by') === juliet.address)
    assert.deepEqual(
      stanzaIds?.map((child) => child.attribute('id')),
      [third],
      'the id that the client saw',
    )

    assert.deepEqual((await page(balcony, set('<max>2</max>'))).bodies, all.slice(0, 2))
    assert.deepEqual((await page(balcony, set(`<max>2</max><after>${second}</after>`))).bodies, all.slice(2, 4))
    assert.deepEqual((await page(balcony, set('<max>2</max><before/>'))).bodies, all.slice(4))
    assert.deepEqual((await page(balcony, set(`<max>2</max><before>${fifth}</before>`))).bodies, all.slice(2, 4))
    assert.equal((await page(balcony, set(`<max>2</max><after>${fourth}</after>`))).isComplete, true)
    assert.equal((await page(balcony, set(`<max>2</max><before>${fourth}</before>`))).isComplete, false)
    const between = form({ 'after-id': [first], 'before-id': [sixth] })
    assert.deepEqual((await page(balcony, `${between}${set('<max>3</max><before/>')}`)).bodies, all.slice(2, 5))
    assert.deepEqual((await page(balcony, form({ ids: [sixth, second] }))).ids, [second, sixth])
    assert.deepEqual((await page(balcony, `${form({ ids: [sixth, second] })}${set('<max>1</max><before/>')}`)).ids, [
      sixth,
    ])
    assert.deepEqual((await page(balcony, form({ with: [romeo.address] }))).bodies, all)
    assert.deepEqual((await page(balcony, form({ with: [juliet.address] }))).bodies, [])
    assert.deepEqual((await page(balcony, form({ start: ['2100-01-01T00:00:00Z'] }))).bodies, [])
    assert.deepEqual((await page(balcony, form({ end: ['2100-01-01T00:00:00Z'] }))).bodies, all)
    for (const id of ['999999', 'x', '-1', '1e3', '9'.repeat(40)]) {
      assert.equal((await page(balcony, set(`<after>${id}</after>`))).error, 'item-not-found', id)
      assert.equal((await page(balcony, form({ ids: [first, id] }))).error, 'item-not-found', id)
      assert.equal(
        (await page(balcony, `${form({ 'after-id': [id] })}${set(`<after>${first}</after>`)}`)).error,
        'item-not-found',
        id,
      )
    }
    await balcony.write(`<iq type='get' id='meta'><metadata xmlns='${NS_ARCHIVE}'/></iq>`)
    const edges = answerTo(balcony, 'meta').child('metadata', NS_ARCHIVE)?.elements()
    assert.deepEqual(
      edges?.map((edge) => edge.attribute('id')),
      [first, sixth],
    )
  })
})

test('whom the owner blocks is not heard until unblocked, nor found in the archive', async () => {
  await play(async ({ stage, romeo, juliet, balcony }) => {
    await balcony.write(`<iq type='get' id='list'><blocklist xmlns='urn:xmpp:blocking'/></iq>`)
    await balcony.write(
      `<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'><item jid='${romeo.address}'/></block></iq>`,
    )
    assert.equal(answerTo(balcony, 'block').attribute('type'), 'result')
    const pushed = (name: string): boolean =>
      balcony.stanzas.some(
        (stanza) => stanza.attribute('type') === 'set' && stanza.child(name, 'urn:xmpp:blocking') !== undefined,
      )
    assert.ok(pushed('block'))
    await stage.run(romeo.account.send(chat(juliet, 'unheard')))
    await stage.until(romeo, () =>
      romeo.events.some((event) => event.type === 'message-state' && event.state === 'failed'),
    )
    await balcony.write(`<iq type='set' id='unblock'><unblock xmlns='urn:xmpp:blocking'/></iq>`)
    assert.ok(pushed('unblock'))
    await stage.run(romeo.account.send(chat(juliet, 'heard')))
    await stage.until(juliet, () => balcony.heard.length === 1)
    assert.deepEqual(balcony.heard, ['heard'])
    assert.deepEqual((await page(balcony, '')).bodies, ['heard'])
  })
})
