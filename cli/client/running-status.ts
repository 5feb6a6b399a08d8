import { get } from 'node:http'
import type { NodeStatus } from '../../src/index.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import { NodeClient } from './node-client.ts'
import { nodeStatus } from './node-status.ts'

/** How long a relay may take to tell its status, milliseconds. */
const STATUS_TIMEOUT_MS = 15_000

/** Of a status, bytes; that of a node with a thousand accounts has some 500 KB. */
const STATUS_MAX_BYTES = 4_194_304

/** There is no socket, or what was left of one by a relay that was killed. */
const NOBODY_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR'])

/** Whether a node runs in a home, and what it tells. */
export interface RunningStatus {
  readonly node: 'running' | 'not-running' | 'no-answer'
  readonly status: NodeStatus | undefined
}

/** Asks the node or relay that runs in a home. */
export async function readRunningStatus(home: Home): Promise<RunningStatus> {
  try {
    const status = await relayStatus(home)
    if (status !== undefined) {
      return { node: 'running', status }
    }
  } catch {
    return { node: 'no-answer', status: undefined }
  }
  try {
    const client = await NodeClient.connect(home)
    try {
      return { node: 'running', status: await nodeStatus(client) }
    } finally {
      client.close()
    }
  } catch (error) {
    const isThere = !(error instanceof CliError && error.exitCode === EXIT_CODES.noNode)
    return { node: isThere ? 'no-answer' : 'not-running', status: undefined }
  }
}

/**
 * The status of a relay, which has a socket for this alone; undefined when none runs.
 *
 * @throws CliError if one runs and does not answer
 */
export async function relayStatus(home: Pick<Home, 'path' | 'statusSocketPath'>): Promise<NodeStatus | undefined> {
  try {
    return await askRelay(home)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (NOBODY_THERE.has(code)) {
      return undefined
    }
    throw new CliError(EXIT_CODES.failed, 'no-node', `the relay in ${home.path} does not tell its status: ${message}`)
  }
}

function askRelay(home: Pick<Home, 'statusSocketPath'>): Promise<NodeStatus> {
  return new Promise((resolve, reject) => {
    const request = get(
      { socketPath: home.statusSocketPath, path: '/status', timeout: STATUS_TIMEOUT_MS },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('error', reject)
        response.on('data', (chunk: string) => {
          text += chunk
          if (text.length > STATUS_MAX_BYTES) {
            request.destroy(new Error('it says too much'))
          }
        })
        response.on('end', () => {
          try {
            resolve(readStatus(response.statusCode, text))
          } catch (error) {
            reject(error)
          }
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('it does not answer')))
    request.on('error', reject)
  })
}

function readStatus(statusCode: number | undefined, text: string): NodeStatus {
  if (statusCode !== 200) {
    throw new Error('it has not started yet')
  }
  return JSON.parse(text) as NodeStatus
}
