import { type Account, element, NS_CLIENT } from '../../src/index.ts'

/** Announces an account: away while only the node runs, available while its owner sits in a conversation. */
export interface OwnPresence {
  /** Somebody sits down; the returned function tells that they left. */
  arrive(): () => void
}

/** The presence of `account` as the command line knows it; announces `away` at once. */
export function ownPresence(account: Account | undefined): OwnPresence {
  let present = 0
  const away = element('presence', NS_CLIENT, {}, [element('show', NS_CLIENT, {}, ['away'])])
  const available = element('presence', NS_CLIENT)
  account?.setPresence(away)
  return {
    arrive: () => {
      present++
      if (present === 1) {
        account?.setPresence(available)
      }
      return () => {
        present--
        if (present === 0) {
          account?.setPresence(away)
        }
      }
    },
  }
}
