import type { DepositOutcome, DepositRequest } from '../protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS } from '../protocol/mailbox/letter-limits.ts'
import type { QuotaEffect } from '../protocol/mailbox/quota-state.ts'
import type { Reader } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { toHex } from '../util/bytes.ts'
import type { LetterChange } from './letter-change.ts'
import { makeRoom } from './letter-room.ts'
import {
  findLetter,
  findTombstone,
  type LetterName,
  type LetterRow,
  letterRow,
  type TombstoneRow,
} from './letter-rows.ts'

/** When and whence a letter comes. */
export interface DepositMoment {
  /** By this node's wall clock. */
  readonly nowMs: number
  /** By a clock that does not jump: for rates, which after a jump back would be used up until the old time is reached. */
  readonly steadyMs: number
  /** The /24 or /48 of whoever deposits it; undefined: not known, or private. */
  readonly network: string | undefined
  /** Its place in the order of arrival. */
  readonly arrival: number
}

/** When a letter was deposited and when it expires, by this node's wall clock. */
interface LetterTimes {
  readonly depositedMs: number
  readonly expiresMs: number
}

/** What became of a letter inside its transaction; `isNew`: it was put, and `kept` holds once that is committed. */
export interface Deposited {
  readonly outcome: DepositOutcome
  readonly isNew: boolean
}

/** A letter, or what is left of it, under one name. */
interface Present {
  readonly row: LetterRow | undefined
  readonly tombstone: TombstoneRow | undefined
}

/** The times of a letter that is here, or was until it was acknowledged, and has not expired. */
export function keptTimes(
  reader: Pick<Reader, 'get' | 'list'>,
  name: LetterName,
  nowMs: number,
): LetterTimes | undefined {
  return timesOf(find(reader, name), nowMs)
}

/**
 * Judges a letter and puts it. It is stored with this node's time; a replica with the time it claims, within bounds
 * (security.md B9).
 */
export function depositLetter(change: LetterChange, request: DepositRequest, moment: DepositMoment): Deposited {
  const { nowMs, arrival } = moment
  const name = { mailbox: request.mailboxKey, letterId: request.letterId }
  const present = find(change.transaction, name)
  const kept = timesOf(present, nowMs)
  if (kept !== undefined) {
    return { outcome: { kept }, isNew: false }
  }
  removeExpired(change, present)
  const depositedMs = Math.min(nowMs, request.replica?.depositedMs ?? nowMs)
  const expiresMs = depositedMs + LETTER_RETENTION_MS
  if (expiresMs <= nowMs) {
    return { outcome: { refused: 'no-storage' }, isNew: false }
  }
  const judgement = judge(change, request, moment)
  if (judgement.type === 'refuse') {
    const { reason, difficultyBits, retryAfterMs } = judgement
    return { outcome: { refused: reason, difficultyBits, retryAfterMs }, isNew: false }
  }
  change.put(letterRow(request, { arrival, depositedMs, expiresMs }), request.letter)
  return { outcome: { kept: { depositedMs, expiresMs } }, isNew: true }
}

function judge(
  change: LetterChange,
  request: DepositRequest,
  { nowMs, steadyMs, network }: DepositMoment,
): Extract<QuotaEffect, { type: 'accept' | 'refuse' }> {
  const { permit } = request.credential
  const letter = {
    type: 'deposit',
    mailbox: toHex(request.mailboxKey),
    bytes: request.letter.length,
    permit: permit && toHex(permit.id),
    from: request.fromPeerId,
    network,
    replica: request.replica !== undefined,
    proofBits: request.proofBits,
    nowMs: steadyMs,
  } as const
  const effect = change.ask({ ...letter, madeRoom: false })
  if (effect.type !== 'make-room') {
    return effect
  }
  makeRoom(change, { ...effect, storedBeforeMs: effect.storedBeforeMs - steadyMs + nowMs }, nowMs)
  const last = change.ask({ ...letter, madeRoom: true })
  assert(last.type !== 'make-room', 'room is made once')
  return last
}

function find(reader: Pick<Reader, 'get' | 'list'>, name: LetterName): Present {
  return { row: findLetter(reader, name), tombstone: findTombstone(reader, name) }
}

function timesOf({ row, tombstone }: Present, nowMs: number): LetterTimes | undefined {
  if (row !== undefined && row.expires_ms > nowMs) {
    return { depositedMs: row.deposited_ms, expiresMs: row.expires_ms }
  }
  if (tombstone === undefined || tombstone.expires_ms <= nowMs) {
    return undefined
  }
  return { depositedMs: tombstone.expires_ms - LETTER_RETENTION_MS, expiresMs: tombstone.expires_ms }
}

function removeExpired(change: LetterChange, { row, tombstone }: Present): void {
  if (row !== undefined) {
    change.remove(row)
  }
  if (tombstone !== undefined) {
    change.removeTombstone(tombstone)
  }
}
