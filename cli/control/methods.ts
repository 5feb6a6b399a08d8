import { type Account, element, type KabberNode, NS_CLIENT } from '../../src/index.ts'
import { badInput, CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findContact } from './find-contact.ts'
import { historyPage } from './history-page.ts'
import type { ControlMethod, ControlMethods } from './method.ts'
import { ownPresence } from './own-presence.ts'
import { subscribeEvents } from './subscription.ts'
import { bootstrapAddresses, contactView, presenceWord } from './views.ts'

type Params = Readonly<Record<string, unknown>>

/** What the commands of its owner may ask of a running node. */
export function controlMethods(node: KabberNode): ControlMethods {
  const withAccount = accountGiver(node)
  const presence = ownPresence(node.accounts[0])
  const methods: Record<string, ControlMethod> = {
    status: async () => ({ ...node.status(), addresses: bootstrapAddresses(node) }),
    whoami: withAccount(async (account) => ({
      address: account.address,
      uri: account.contactUri(),
      peerId: node.peerId,
    })),
    find: withAccount(async (account, params) => {
      const { address, name } = findContact(account, text(params, 'address'))
      return { address, ...(name === undefined ? {} : { name }), presence: presenceWord(account, address) }
    }),
    'contact-add': withAccount(addContact),
    'contact-list': withAccount(async (account) => ({
      contacts: account.roster().map((entry) => contactView(account, entry)),
    })),
    'contact-accept': withAccount(async (account, params) => {
      const { address } = findContact(account, text(params, 'address'))
      return contactView(account, await account.acceptContact(address))
    }),
    'contact-remove': withAccount(async (account, params) => {
      const { address } = findContact(account, text(params, 'address'))
      if (!(await account.removeContact(address))) {
        throw new CliError(EXIT_CODES.failed, 'item-not-found', `${address} is not among your contacts`)
      }
      return { address }
    }),
    send: withAccount(send),
    history: withAccount(async (account, params) => {
      const { address } = findContact(account, text(params, 'address'))
      return historyPage(account, address, params)
    }),
    subscribe: withAccount(async (account, params, caller) => {
      subscribeEvents(account, caller)
      if (params.available === true) {
        caller.subscribe(presence.arrive())
      }
      return {}
    }),
  }
  return new Map(Object.entries(methods))
}

type AccountMethod = (account: Account, params: Params, caller: Parameters<ControlMethod>[1]) => Promise<object>

function accountGiver(node: KabberNode): (method: AccountMethod) => ControlMethod {
  return (method) => async (params, caller) => {
    const [account] = node.accounts
    if (account === undefined) {
      throw new CliError(EXIT_CODES.failed, 'item-not-found', 'this node serves no account')
    }
    return await method(account, params, caller)
  }
}

async function addContact(account: Account, params: Params): Promise<object> {
  const found = findContact(account, text(params, 'address'))
  const name = params.name === undefined ? found.name : text(params, 'name')
  const entry = await account.addContact(found.address, {
    ...(name === undefined ? {} : { name }),
    hints: found.hints,
  })
  return { contact: contactView(account, entry), checked: found.checked }
}

async function send(account: Account, params: Params): Promise<object> {
  const { address } = findContact(account, text(params, 'address'))
  const body = element('body', NS_CLIENT, {}, [text(params, 'text')])
  const { id, state } = await account.send(element('message', NS_CLIENT, { to: address, type: 'chat' }, [body]))
  return { id, state }
}

function text(params: Params, name: string): string {
  const value = params[name]
  if (typeof value !== 'string' || value === '') {
    throw badInput(`'${name}' is missing`)
  }
  return value
}
