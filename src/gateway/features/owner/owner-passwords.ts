import { type Element, element } from '../../../xml/element.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { FeatureContext } from '../feature.ts'
import { NS_OWNER, required } from './owner-requests.ts'

/** `<passwords/>`: the names of the client apps that may log in, never their passwords. */
export function listPasswords({ account, gateway }: FeatureContext): Element {
  const passwords = gateway.passwords.list(account.address).map(({ name, createdMs, usedMs, expiresMs }) =>
    element('password', NS_OWNER, {
      name,
      'created-ms': String(createdMs),
      'used-ms': usedMs === undefined ? undefined : String(usedMs),
      'expires-ms': expiresMs === undefined ? undefined : String(expiresMs),
    }),
  )
  return element('passwords', NS_OWNER, {}, passwords)
}

/** `<password name='phone'/>`: answered by a new password, shown this once. */
export async function addPassword({ account, gateway }: FeatureContext, payload: Element): Promise<Element> {
  const name = required(payload, 'name')
  const password = await gateway.passwords.add(account.address, name)
  return element('password', NS_OWNER, { name }, [password])
}

/** `<revoke name='phone'/>`: the app is logged out and comes in no more. */
export async function revokePassword({ account, gateway }: FeatureContext, payload: Element): Promise<undefined> {
  const name = required(payload, 'name')
  if (!(await gateway.passwords.revoke(account.address, name))) {
    throw new StanzaError('item-not-found', `no client is called '${name}'`)
  }
}
