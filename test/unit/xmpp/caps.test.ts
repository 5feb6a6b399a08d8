import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { capsElement, capsVersion, readCaps } from '../../../src/xmpp/caps.ts'

const INFO = 'http://jabber.org/protocol/disco#info'
const FEATURES = ['caps', 'disco#info', 'disco#items', 'muc']
  .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
  .reverse()
  .join('')

const SOFTWARE = `<x xmlns='jabber:x:data' type='result'>
  <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
  <field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field>
  <field var='os'><value>Mac</value></field>
  <field var='os_version'><value>10.5.1</value></field>
  <field var='software'><value>Psi</value></field>
  <field var='software_version'><value>0.11</value></field>
</x>`

function version(content: string): string | undefined {
  return capsVersion(parseElement(`<query xmlns='${INFO}'>${content}</query>`))
}

test('the version of the simple example of XEP-0115 is QgayPKawpkPSDYmwT/WM94uAlu0=', () => {
  const identity = "<identity category='client' type='pc' name='Exodus 0.9.1'/>"
  assert.equal(version(identity + FEATURES), 'QgayPKawpkPSDYmwT/WM94uAlu0=')
})

test('the version of the complex example of XEP-0115 is q07IKJEyjvHSyhy//CH0CxmKi8w=', () => {
  const identities = `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
    <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>`
  assert.equal(version(identities + FEATURES + SOFTWARE), 'q07IKJEyjvHSyhy//CH0CxmKi8w=')
})

test('a form whose type is not hidden counts for nothing', () => {
  const visible = SOFTWARE.replace("type='hidden'", "type='text-single'")
  assert.equal(version(FEATURES + visible), version(FEATURES))
})

const IDENTITY = "<identity category='client' type='pc' name='x'/>"
const TWO_TYPES = SOFTWARE.replace('</value></field>', '</value><value>urn:other</value></field>')

for (const [what, content] of [
  ['an identity twice', IDENTITY + IDENTITY],
  ['a feature twice', FEATURES + FEATURES],
  ['a form type twice', SOFTWARE + SOFTWARE],
  ['a form with two types', TWO_TYPES],
] as const) {
  test(`a result with ${what} is ill-formed and has no version`, () => {
    assert.equal(version(content), undefined)
  })
}

test('what is announced in presence is read again', () => {
  const info = parseElement(`<query xmlns='${INFO}'>${FEATURES}</query>`)
  const caps = capsElement('urn:example:node', info)
  const presence = parseElement(`<presence xmlns='jabber:client'>${serialize(caps)}</presence>`)
  assert.deepEqual(readCaps(presence), { node: 'urn:example:node', ver: capsVersion(info), hash: 'sha-1' })
})

test('presence without capabilities says nothing of them', () => {
  assert.equal(readCaps(parseElement("<presence xmlns='jabber:client'/>")), undefined)
})
