import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { isOwnerQuery, withoutForeignClaims, withoutNodeClaims } from '../../../src/xmpp/foreign-claims.ts'

const ROMEO = 'romeo@montague.lit'
const JULIET = 'juliet@capulet.lit'
const BODY = '<body>Hi</body>'

function received(children: string): string {
  const message = parseElement(
    `<message xmlns='jabber:client' from='${ROMEO}/orchard' to='${JULIET}'>${children}</message>`,
  )
  return serialize(withoutForeignClaims(message, JULIET).withAttributes({ from: undefined, to: undefined }))
}

const forwarded = `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='nurse@capulet.lit'>${BODY}</message></forwarded>`

/** Row of security.md, what a peer sends, and what is left of it. */
const rows: readonly [string, string, string][] = [
  ['X14 a carbon of a received message', `<received xmlns='urn:xmpp:carbons:2'>${forwarded}</received>`, ''],
  ['X14 a carbon of a sent message', `<sent xmlns='urn:xmpp:carbons:2'>${forwarded}</sent>`, ''],
  ['X14 a carbon of an older version', `<sent xmlns='urn:xmpp:carbons:1'>${forwarded}</sent>`, ''],
  ['X14 a result of the archive', `<result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>${forwarded}</result>`, ''],
  ['X14 the end of an archive query', `<fin xmlns='urn:xmpp:mam:2' complete='true'/>`, ''],
  ['X16 an archive id of the recipient', `<stanza-id xmlns='urn:xmpp:sid:0' by='${JULIET}' id='1'/>`, ''],
  ['X16 the same in other letters', `<stanza-id xmlns='urn:xmpp:sid:0' by='JULIET@Capulet.LIT' id='1'/>`, ''],
  ['X16 an id of one of their resources', `<stanza-id xmlns='urn:xmpp:sid:0' by='${JULIET}/balcony' id='1'/>`, ''],
  [
    'a time in the name of the recipient',
    `<delay xmlns='urn:xmpp:delay' from='${JULIET}' stamp='2026-01-01T00:00:00Z'/>`,
    '',
  ],
  ['what only nodes say', `<delivered xmlns='urn:kabber:delivered:0'/>`, ''],
]

describe('what a peer says in the name of the recipient’s server', () => {
  for (const [title, forged, left] of rows) {
    test(`is stripped: ${title}`, () => {
      assert.equal(received(BODY + forged), received(BODY + left))
    })
  }

  test('is not what a peer says in its own name', () => {
    for (const own of [
      `<stanza-id xmlns="urn:xmpp:sid:0" by="${ROMEO}" id="1"/>`,
      `<delay xmlns="urn:xmpp:delay" from="${ROMEO}" stamp="2026-01-01T00:00:00Z"/>`,
      `<replace xmlns="urn:xmpp:message-correct:0" id="m1"/>`,
      `<private xmlns="urn:xmpp:carbons:2"/>`,
      forwarded.replaceAll("'", '"'),
    ]) {
      assert.match(received(BODY + own), new RegExp(own.slice(0, 25)))
    }
  })

  test('leaves events of the peer, without publishers that are somebody else', () => {
    const event = (publisher: string): string =>
      `<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item id='1'${publisher}><p xmlns='x'/></item></items></event>`
    assert.equal(received(event(` publisher='nurse@capulet.lit'`)), received(event('')))
    assert.match(received(event(` publisher='${ROMEO}/orchard'`)), /publisher/)
  })

  test('leaves a stanza as it is, the very same, if there is nothing to strip', () => {
    const message = parseElement(`<message xmlns='jabber:client' from='${ROMEO}'>${BODY}</message>`)
    assert.equal(withoutForeignClaims(message, JULIET), message)
    assert.equal(withoutNodeClaims(message), message)
  })
})

describe('a query of a peer', () => {
  const iq = (payload: string): boolean =>
    isOwnerQuery(
      parseElement(`<iq xmlns='jabber:client' type='set' id='1' from='${ROMEO}' to='${JULIET}/b'>${payload}</iq>`),
    )

  test('X13 is no roster push, block push, carbons switch or archive query, which only server and owner send', () => {
    for (const payload of [
      `<query xmlns='jabber:iq:roster'><item jid='evil@mallory.lit' subscription='both'/></query>`,
      `<block xmlns='urn:xmpp:blocking'><item jid='${ROMEO}'/></block>`,
      `<enable xmlns='urn:xmpp:carbons:2'/>`,
      `<query xmlns='urn:xmpp:mam:2'/>`,
      `<query xmlns='jabber:iq:private'/>`,
      `<x xmlns='urn:kabber:owner:0'/>`,
    ]) {
      assert.equal(iq(payload), true, payload)
    }
  })

  test('may be any other', () => {
    assert.equal(iq(`<ping xmlns='urn:xmpp:ping'/>`), false)
    assert.equal(iq(`<pubsub xmlns='http://jabber.org/protocol/pubsub'/>`), false)
  })
})
