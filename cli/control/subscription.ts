import type { Account, AccountEvent } from '../../src/index.ts'
import type { ControlEvent } from './messages.ts'
import type { ControlCaller } from './method.ts'
import { contactView, messageView, presenceWord } from './views.ts'

/** Tells a connection what happens to the account until it closes. */
export function subscribeEvents(account: Account, caller: ControlCaller): void {
  caller.subscribe(
    account.subscribe((event) => {
      const told = controlEvent(account, event)
      if (told !== undefined) {
        caller.tell(told)
      }
    }),
  )
}

/** An account event as the command line tells it; undefined for those it has no use for. */
function controlEvent(account: Account, event: AccountEvent): ControlEvent | undefined {
  switch (event.type) {
    case 'message':
      return { event: 'message', peer: event.message.peer, message: messageView(event.message) }
    case 'message-state':
      return {
        event: 'message-state',
        id: event.id,
        peer: event.peer,
        state: event.state,
        ...(event.receipts === undefined ? {} : { receipts: event.receipts }),
        ...(event.of === undefined ? {} : { of: event.of }),
      }
    case 'presence': {
      const peer = event.presence.attribute('from')?.split('/', 1)[0] ?? ''
      return { event: 'presence', peer, presence: presenceWord(account, peer) }
    }
    case 'roster':
      return { event: 'contact', contact: contactView(account, event.entry) }
    case 'roster-removed':
    case 'transient':
      return undefined
  }
}
