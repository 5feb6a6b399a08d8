import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Row } from '../hostile/row.ts'
import type { Attackers } from './attackers.ts'

const IDENTIFY_PUSH = '/ipfs/id/push/1.0.0'
const BLOBS = 500
const BLOB_BYTES = 1_024
const AT_ONCE = 4
const FIXED_IN = [5, 1, 22] as const

/** What a DER decoder may loop over: lengths that are endless, huge, of 127 bytes, none; each in front of nothing. */
const DER_HEADS = [
  [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
  [0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x30, 0xff],
  [0x30, 0x80, 0x30, 0x80, 0x30, 0x80],
  [0x30, 0x82, 0x03, 0xe8, 0x03, 0x84, 0x7f, 0xff, 0xff, 0xff],
] as const

/** L2: keys of RSA in identify, whose decoder once looped (CVE-2026-110789). */
export function keyRow(attackers: Attackers): Row {
  return {
    id: 'L2',
    sent: `${BLOBS} times a blob as RSA key in an identify push, of ${DER_HEADS.length} kinds`,
    must: 'refused without a stall; @libp2p/crypto is one that has the loop no more',
    run: async () => {
      const { version } = JSON.parse(readFileSync('node_modules/@libp2p/crypto/package.json', 'utf8')) as {
        version: string
      }
      assert.ok(isAtLeast(version), `@libp2p/crypto ${version}`)
      let sent = 0
      await attackers.honestRoundTrips(async () => {
        const peer = await attackers.peer()
        for (; sent < BLOBS; sent += AT_ONCE) {
          const open = peer.libp2p.getConnections()[0] ?? (await attackers.connect(peer))?.connection
          const batch = Array.from({ length: AT_ONCE }, async (_, index) => {
            const stream = await open?.newStream(IDENTIFY_PUSH)
            stream?.send(identifyMessage(derBlob(sent + index)))
            await stream?.close()
          })
          await Promise.allSettled(batch)
        }
      })
      return `${sent} sent, @libp2p/crypto ${version}`
    },
  }
}

function isAtLeast(version: string): boolean {
  const numbers = version.split('.').map(Number)
  const different = FIXED_IN.findIndex((wanted, index) => numbers[index] !== wanted)
  return different < 0 || (numbers[different] ?? 0) > (FIXED_IN[different] ?? 0)
}

function derBlob(index: number): Uint8Array {
  const blob = new Uint8Array(BLOB_BYTES).fill(index % 2 === 0 ? 0x30 : 0x80)
  blob.set(DER_HEADS[index % DER_HEADS.length] ?? [])
  return blob
}

/** An identify message with an RSA key (`PublicKey { Type: 0, Data }`), its length before it. */
function identifyMessage(der: Uint8Array): Uint8Array {
  const key = Uint8Array.of(0x08, 0x00, 0x12, ...varint(der.byteLength), ...der)
  const message = Uint8Array.of(0x0a, ...varint(key.byteLength), ...key)
  return Uint8Array.of(...varint(message.byteLength), ...message)
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]
}
