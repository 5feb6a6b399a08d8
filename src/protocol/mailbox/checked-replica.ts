import { equals } from 'uint8arrays/equals'
import { verifyPermit } from '../../identity/permit.ts'
import { letterId } from '../../sealing/letter-key.ts'
import type { DepositRequest } from './letter-keeper.ts'
import type { ReplicaFields } from './letter-messages.ts'
import { provenBits } from './proven-bits.ts'

/**
 * A letter from another custodian, checked like a deposit: `undefined` when it is not the one that was asked for, or comes
 * without a good permit or proof of work.
 */
export function checkedReplica(
  { letter, depositedMs, permit, proofOfWork }: ReplicaFields,
  asked: Pick<DepositRequest, 'mailboxKey' | 'letterId' | 'fromPeerId'>,
): DepositRequest | undefined {
  if (!equals(letterId(letter), asked.letterId)) {
    return undefined
  }
  const request = { ...asked, letter, replica: { depositedMs } }
  if (permit !== undefined) {
    return verifyPermit(asked.mailboxKey, permit) ? { ...request, credential: { permit }, proofBits: 0 } : undefined
  }
  const target = { mailbox: asked.mailboxKey, letterId: asked.letterId }
  const proofBits = proofOfWork === undefined ? 0 : provenBits(target, proofOfWork)
  return proofOfWork === undefined || proofBits === 0
    ? undefined
    : { ...request, credential: { proofOfWork }, proofBits }
}
