import { randomUUID } from 'node:crypto'
import { type Element, element, NS_CLIENT, StanzaError } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import { ClientStream } from './client-stream.ts'

/** How long a node may take for one answer, milliseconds; it only has to reach its own disk. */
const ANSWER_TIMEOUT_MS = 15_000

/** Conditions that say the request itself is wrong. */
const USAGE_CONDITIONS: ReadonlySet<string> = new Set(['jid-malformed', 'bad-request'])

interface Waiting {
  readonly resolve: (answer: Element) => void
  readonly reject: (error: CliError) => void
  readonly timer: NodeJS.Timeout
}

/** A command's session with the running node of its home: an XMPP client over the node's Unix socket. */
export class NodeClient {
  readonly #stream: ClientStream
  /** Stanzas that wait for an answer with their id. Bounded by what one command asks. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #listeners = new Set<(stanza: Element) => void>()
  /** The full JID of this session. */
  readonly jid: string

  private constructor(stream: ClientStream, jid: string) {
    this.#stream = stream
    this.jid = jid
    stream.onElement((stanza) => this.#receive(stanza))
    void stream.closed.then(() => this.#failAll())
  }

  /**
   * Logs in to the node that runs in `home`.
   *
   * @throws CliError with `noNode` if none does
   */
  static async connect(home: Pick<Home, 'path' | 'controlSocketPath' | 'exists'>): Promise<NodeClient> {
    const stream = await ClientStream.connect(home.controlSocketPath).catch(async (error: NodeJS.ErrnoException) => {
      throw await connectError(error, home)
    })
    const timer = setTimeout(() => stream.close(), ANSWER_TIMEOUT_MS)
    try {
      return new NodeClient(stream, await stream.logIn())
    } catch (error) {
      stream.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** The account's bare JID. */
  get address(): string {
    return this.jid.split('/', 1)[0] ?? ''
  }

  /** Resolves when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#stream.closed
  }

  /**
   * Sends an iq and resolves with the payload of its result.
   *
   * @throws CliError as the node refused, or if it does not answer
   */
  async query(type: 'get' | 'set', payload: Element): Promise<Element | undefined> {
    const answer = await this.exchange(element('iq', NS_CLIENT, { type }, [payload]))
    return answer.elements()[0]
  }

  /**
   * Sends a stanza under a new id and resolves with the one that `receive` or the node answers it with.
   *
   * @throws CliError as `query`
   */
  exchange(stanza: Element): Promise<Element> {
    const id = randomUUID()
    return new Promise<Element>((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id), ANSWER_TIMEOUT_MS)
      this.#waiting.set(id, { resolve, reject, timer })
      if (!this.#stream.send(stanza.withAttributes({ id }))) {
        this.#failAll()
      }
    })
  }

  /** Takes an element as the answer to the stanza of that id; false if none waits for it. */
  answer(id: string, answer: Element): boolean {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) {
      return false
    }
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    const error = answer.attribute('type') === 'error' ? answer.child('error') : undefined
    if (error === undefined) {
      waiting.resolve(answer)
    } else {
      waiting.reject(refusal(StanzaError.fromElement(error)))
    }
    return true
  }

  /** Sends a stanza that nobody answers. */
  send(stanza: Element): void {
    this.#stream.send(stanza)
  }

  /** Calls `listener` for every stanza that answers nothing, until the returned function is called. */
  onStanza(listener: (stanza: Element) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#stream.close()
  }

  #receive(stanza: Element): void {
    const { id, type } = stanza.attributes
    const answers = type === 'error' || (stanza.name === 'iq' && type === 'result')
    if (answers && id !== undefined && this.answer(id, stanza)) {
      return
    }
    if (stanza.name === 'iq' && (type === 'get' || type === 'set')) {
      this.#refuse(stanza)
      return
    }
    for (const listener of this.#listeners) {
      listener(stanza)
    }
  }

  /** RFC 6120 §8.2.3: every get and set is answered. */
  #refuse(iq: Element): void {
    const { id, from } = iq.attributes
    const error = new StanzaError('service-unavailable').toElement()
    this.#stream.send(element('iq', NS_CLIENT, { id, to: from, type: 'error' }, [error]))
  }

  #expire(id: string): void {
    this.#waiting.get(id)?.reject(failed('remote-server-timeout', 'the node did not answer in time'))
    this.#waiting.delete(id)
  }

  #failAll(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(failed('service-unavailable', 'the node stopped before it had answered'))
    }
    this.#waiting.clear()
  }
}

function refusal({ condition, text }: StanzaError): CliError {
  const exitCode = USAGE_CONDITIONS.has(condition) ? EXIT_CODES.usage : EXIT_CODES.failed
  return new CliError(exitCode, condition, text ?? condition)
}

function failed(condition: string, message: string): CliError {
  return new CliError(EXIT_CODES.failed, condition, message)
}

/** A socket file that is missing, or left behind by a node that was killed, both mean that no node runs. */
async function connectError(error: NodeJS.ErrnoException, home: Pick<Home, 'path' | 'exists'>): Promise<CliError> {
  const { path } = home
  // Loaded only when something is wrong.
  const { readLastStart } = await import('../node/last-start.ts')
  if (readLastStart(home)?.isRelay === true) {
    const message = `${path} is the home of a relay, which has no account; if it does not run, start it with: kabber --home ${path} relay`
    return new CliError(EXIT_CODES.noNode, 'no-node', message)
  }
  if (!['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(error.code ?? '')) {
    return failed('no-node', `the node in ${path} cannot be reached: ${error.code ?? error.message}`)
  }
  const message = home.exists()
    ? `no node is running in ${path}; start one with: kabber --home ${path} start`
    : `there is no account in ${path}; make one with: kabber --home ${path} init, then: kabber --home ${path} start`
  return new CliError(EXIT_CODES.noNode, 'no-node', message)
}
