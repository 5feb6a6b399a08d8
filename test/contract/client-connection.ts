import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ClientConnection, ClientTransport } from '../../src/system/client-connection.ts'
import type { TestClient } from '../support/client-sockets.ts'

/** Both ends of a new connection; all that belongs to it is closed after the test. */
export interface ConnectedPair {
  readonly connection: ClientConnection
  readonly client: TestClient
  /** Makes the two seconds of `end` pass where time is not real. */
  readonly expire?: () => void
}

/** More than the buffers of any machine between two sockets. */
const MORE_THAN_BUFFERS_BYTES = 32 * 1024 * 1024

/** What every `ClientConnection` keeps. */
export function clientConnectionContract(
  name: string,
  transport: ClientTransport,
  pair: (t: TestContext) => Promise<ConnectedPair>,
): void {
  // At once: one test of each takes two seconds.
  describe(name, { concurrency: true }, () => {
    test('tells what it is', async (t) => {
      const { connection } = await pair(t)
      assert.equal(connection.transport, transport)
      assert.equal(connection.isLocal, true)
      assert.equal(connection.bufferedBytes, 0)
    })
    readingContract(transport, pair)
    writingContract(pair)
    endContract(pair)
  })
}

type Pair = (t: TestContext) => Promise<ConnectedPair>

function readingContract(transport: ClientTransport, pair: Pair): void {
  test('what the client sends arrives in order, also what it sent before the connection was opened', async (t) => {
    const { connection, client } = await pair(t)
    client.send('<one/>')
    const user = new User(connection)
    await user.until('<one/>')
    client.send('<twö/>')
    client.send('<three/>')
    await user.until('<three/>')
    assert.equal(user.text, '<one/><twö/><three/>')
    assert.equal(user.kinds.has('string'), transport === 'websocket')
    assert.equal(user.kinds.size, 1)
  })

  test('nothing is told while it is paused, and all of it afterwards', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    client.send('<one/>')
    await user.until('<one/>')
    connection.pause()
    for (let i = 0; i < 100; i++) {
      client.send(`<held n="${i}"/>`)
    }
    // What is written meanwhile makes the round to the client and so gives the other direction its time.
    connection.write('<ping/>')
    await client.until('<ping/>')
    assert.equal(user.text, '<one/>')
    connection.resume()
    await user.until('<held n="99"/>')
    assert.equal(user.text.match(/<held/g)?.length, 100)
  })

  test('a pause from inside data is obeyed at once', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection, () => connection.pause())
    client.send('<one/>')
    await user.until('<one/>')
    const told = user.text
    for (let i = 0; i < 100; i++) {
      client.send('<two/>')
    }
    connection.write('<ping/>')
    await client.until('<ping/>')
    assert.equal(user.text, told)
  })

  test('it is opened once', async (t) => {
    const { connection } = await pair(t)
    const handlers = { data: () => {}, drained: () => {}, closed: () => {} }
    connection.open(handlers)
    assert.throws(() => connection.open(handlers), { name: 'AssertionError' })
  })
}

function writingContract(pair: Pair): void {
  test('what is written arrives whole and in order, however small or large the pieces', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    let expected = ''
    for (let i = 0; i < 1_000; i++) {
      const text = `<é n="${i}"/>`
      connection.write(text)
      expected += text
    }
    const large = `<large>${'ü'.repeat(200_000)}</large>`
    connection.write(large)
    connection.write('<last/>')
    await client.until('<last/>')
    assert.equal(client.received(), `${expected}${large}<last/>`)
    assert.equal(user.isClosed, false)
  })

  test('drained is told when all that was written has left', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    connection.write('<one/>')
    await user.drained()
    assert.equal(connection.bufferedBytes, 0)
    connection.write('<two/>')
    await user.drained()
    await client.until('<two/>')
  })

  test('bytes that the client does not take are counted', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    client.stopReading()
    writeMuch(connection)
    assert.ok(connection.bufferedBytes > 1024 * 1024, String(connection.bufferedBytes))
    connection.destroy()
    await user.closed
    assert.equal(connection.bufferedBytes, 0)
  })
}

function endContract(pair: Pair): void {
  test('end writes out what was written, then closes; what is written later is ignored', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    connection.write('<last/>')
    connection.end()
    connection.end()
    connection.write('<late/>')
    await Promise.all([client.closed, user.closed])
    assert.equal(client.received(), '<last/>')
    assert.equal(user.closedCalls, 1)
  })

  test('after end nothing more is told but that it is closed', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    client.send('<late/>')
    connection.end()
    await user.closed
    assert.equal(user.text, '')
  })

  test('end waits two seconds at most for a client that takes nothing', async (t) => {
    const { connection, client, expire } = await pair(t)
    const user = new User(connection)
    client.stopReading()
    writeMuch(connection)
    connection.end()
    expire?.()
    await user.closed
  })

  test('destroy closes at once, and twice is once', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    connection.destroy()
    connection.destroy()
    connection.end()
    connection.write('<late/>')
    await Promise.all([client.closed, user.closed])
    assert.equal(user.closedCalls, 1)
    assert.equal(client.received(), '')
    assert.equal(connection.tls(), undefined)
  })

  test('that the client closes is told once', async (t) => {
    const { connection, client } = await pair(t)
    const user = new User(connection)
    client.close()
    await user.closed
    connection.write('<late/>')
    connection.pause()
    connection.resume()
    connection.end()
    connection.destroy()
    await client.closed
    assert.equal(user.closedCalls, 1)
  })

  test('a connection that was destroyed before it is opened is told as closed', async (t) => {
    const { connection } = await pair(t)
    connection.destroy()
    await new User(connection).closed
  })
}

function writeMuch(connection: ClientConnection): void {
  const chunk = 'x'.repeat(256 * 1024)
  for (let bytes = 0; bytes < MORE_THAN_BUFFERS_BYTES; bytes += chunk.length) {
    connection.write(chunk)
  }
}

/** Opens a connection, keeps what it tells, and checks that it never tells from inside a call. */
class User {
  readonly kinds = new Set<string>()
  readonly closed: Promise<void>
  text = ''
  closedCalls = 0
  #drainedCalls = 0
  #wake: (() => void)[] = []

  constructor(connection: ClientConnection, onData: () => void = () => {}) {
    const decoder = new TextDecoder()
    const inCall = guardCalls(connection)
    this.closed = new Promise((resolve) => {
      connection.open({
        data: (data) => {
          assert.equal(inCall(), false, 'data from inside a call')
          this.kinds.add(typeof data)
          this.text += typeof data === 'string' ? data : decoder.decode(data, { stream: true })
          onData()
          this.#tell()
        },
        drained: () => {
          assert.equal(inCall(), false, 'drained from inside a call')
          this.#drainedCalls++
          this.#tell()
        },
        closed: () => {
          assert.equal(inCall(), false, 'closed from inside a call')
          this.closedCalls++
          this.#tell()
          // Whatever is told after this, wrongly, is told before the test goes on.
          setImmediate(resolve)
        },
      })
    })
  }

  get isClosed(): boolean {
    return this.closedCalls > 0
  }

  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) {
      assert.equal(this.isClosed, false, `closed before ${wanted} came`)
      await this.#next()
    }
  }

  async drained(): Promise<void> {
    const calls = this.#drainedCalls
    while (this.#drainedCalls === calls) {
      await this.#next()
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) {
      resolve()
    }
  }
}

/** Whether a call of the connection's own methods is going on (calls from inside handlers do not count as such). */
function guardCalls(connection: ClientConnection): () => boolean {
  let depth = 0
  for (const method of ['open', 'write', 'pause', 'resume', 'end', 'destroy'] as const) {
    const original = connection[method].bind(connection) as (...args: unknown[]) => unknown
    Object.defineProperty(connection, method, {
      configurable: true,
      value: (...args: unknown[]) => {
        depth++
        try {
          return original(...args)
        } finally {
          depth--
        }
      },
    })
  }
  return () => depth > 0
}
