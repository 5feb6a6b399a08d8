import { recordPlace } from '../../../src/identity/account-record.ts'
import { kadId, kadIdOfPeer } from '../../../src/identity/kad-id.ts'
import { dayOf, mailboxKey, mailboxPlace } from '../../../src/identity/mailbox-key.ts'
import type { Fault } from '../../scenario/scenario.ts'
import type { SeededRandom } from '../../system/seeded-random.ts'
import type { StackWorld } from '../world.ts'
import { closeKey } from './close-key.ts'

/** Whose mailbox or record Sybils gather around, as in the model tier. */
const TARGET_PERSON = 0
const KEY_BYTES = 32

/**
 * Brings the nodes of an adversary: each in a network of its own, so that one custodian of a /24 does not keep them out,
 * and each nearer to the key than any honest node that there is.
 */
export function placeSybils(world: StackWorld, fault: Fault & { readonly kind: 'sybils' }, random: SeededRandom): void {
  const target = targetOf(world, fault, random)
  const honest = world.homes.map(({ peerId }) => kadIdOfPeer(peerId))
  for (let count = 0; count < fault.nodes; count++) {
    const own = random.fork(`sybil/${count}`)
    const sybil = world.addSybil(closeKey(target, honest, own.fork('key')), fault.behaviour, own)
    void sybil.start()
  }
}

/** Kademlia id of what is to be taken: today's mailbox of the victim, or his record. */
function targetOf(
  world: StackWorld,
  { target }: Fault & { readonly kind: 'sybils' },
  random: SeededRandom,
): Uint8Array {
  const victim = world.people[TARGET_PERSON]?.key
  if (victim === undefined) {
    return random.bytes(KEY_BYTES)
  }
  return kadId(
    target === 'record'
      ? recordPlace(victim.publicKey)
      : mailboxPlace(mailboxKey(victim, dayOf(world.time.wallMs())).publicKey),
  )
}
