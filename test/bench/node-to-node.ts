/**
 * Two production nodes in two processes on loopback: round trips, acknowledged messages per second with both stores
 * durable, start and memory; beside them raw libp2p and raw TCP in the same run. Run: npm run bench:node
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseContactUri } from '../../src/identity/contact-uri.ts'
import type { Account } from '../../src/node/api.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { type AfterHooks, kabberJson, startNode, temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import { benchNode } from './bench-node.ts'

const SELF = fileURLToPath(import.meta.url)
const BODY = 'x'.repeat(150)
const ROUND_TRIPS = 1_000
const MESSAGES = 30_000
const IN_FLIGHT = 256
/** It takes about 20 s. */
const LIMIT_MS = 180_000

/** The other process: a node that has the first as its contact, and answers nothing by itself. */
async function peer(uri: string): Promise<void> {
  const { node, remove } = benchNode()
  await node.start()
  const contact = parseContactUri(uri)
  await node.accounts[0]?.addContact(contact.address, { hints: contact.hints })
  process.send?.({ uri: node.accounts[0]?.contactUri() })
  process.once('message', () => void remove().then(() => process.disconnect()))
}

function percentile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2)
}

function message(to: string): Element {
  return element('message', NS_CLIENT, { to, type: 'chat' }, [element('body', NS_CLIENT, {}, [BODY])])
}

/** Resolves when a node of the recipient has the message on disk. */
function deliveries(account: Account): (id: string) => Promise<void> {
  const waiting = new Map<string, () => void>()
  const early = new Set<string>()
  account.subscribe((event) => {
    if (event.type === 'message-state' && event.state === 'delivered') {
      const resolve = waiting.get(event.id)
      waiting.delete(event.id)
      resolve === undefined ? early.add(event.id) : resolve()
    }
  })
  return async (id) => {
    if (!early.delete(id)) {
      await new Promise<void>((resolve) => waiting.set(id, resolve))
    }
  }
}

async function roundTrips(account: Account, to: string): Promise<void> {
  const delivered = deliveries(account)
  const durable: number[] = []
  const pings: number[] = []
  for (let round = 0; round < ROUND_TRIPS; round += 1) {
    const startMs = performance.now()
    const { id } = await account.send(message(to))
    await delivered(id)
    durable.push(performance.now() - startMs)
    const iq = element('iq', NS_CLIENT, { to, type: 'get', id: 'p' }, [element('ping', 'urn:xmpp:ping')])
    const pingMs = performance.now()
    await account.query(iq, new AbortController().signal)
    pings.push(performance.now() - pingMs)
  }
  const line = (name: string, values: number[], limit: string): void =>
    console.log(`${name.padEnd(46)} p50 ${percentile(values, 0.5)} ms  p99 ${percentile(values, 0.99)} ms  ${limit}`)
  line('kabber: ping (iq) round trip', pings, '(limit 1.5 / 10)')
  line('kabber: message accepted to on peer’s disk', durable, '(two fsyncs)')
}

async function throughput(account: Account, to: string): Promise<void> {
  const delivered = deliveries(account)
  let next = 0
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const writer = async (): Promise<void> => {
    while (next < MESSAGES) {
      next += 1
      const { id } = await account.send(message(to))
      await delivered(id)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer))
  const seconds = (performance.now() - startMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const perMessage = (user + system) / MESSAGES
  const rate = Math.round(MESSAGES / seconds)
  console.log(
    `kabber: 300-byte messages, durable on both sides ${rate}/s  ${perMessage.toFixed(0)} µs CPU each (limit 8000/s)`,
  )
}

async function startAndMemory(hooks: AfterHooks): Promise<void> {
  const home = join(temporaryFolder(hooks), 'home')
  await kabberJson(home, 'init')
  // The first start after a change of the code compiles it; every later one is as long as the second.
  await (await startNode(hooks, home)).end('SIGTERM')
  const node = await startNode(hooks, home)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))?.[1] ?? '0'
  console.log(`kabber: process start to listening ${node.startedInMs.toFixed(0)} ms (limit 1200)`)
  console.log(`kabber: idle memory ${(Number(rss) / 1024).toFixed(0)} MB (limit 130)`)
  await node.end('SIGTERM')
}

async function main(hooks: AfterHooks): Promise<number> {
  const { node, remove } = benchNode()
  hooks.after(remove)
  await node.start()
  const [account] = node.accounts as [Account]
  const child: ChildProcess = fork(SELF, [account.contactUri()])
  hooks.after(() => child.kill('SIGKILL'))
  const [{ uri }] = (await once(child, 'message')) as [{ uri: string }]
  const contact = parseContactUri(uri)
  await account.addContact(contact.address, { hints: contact.hints })
  await roundTrips(account, contact.address)
  await throughput(account, contact.address)
  child.send('end')
  await once(child, 'exit')
  await remove()
  await startAndMemory(hooks)
  return 0
}

const [, , uri] = process.argv
await (uri === undefined ? runStandalone(LIMIT_MS, main) : peer(uri))
