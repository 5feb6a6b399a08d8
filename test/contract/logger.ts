import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from '../../src/system/logger.ts'
import type { LogLine } from '../support/recording-logger.ts'

/** A logger that lets everything through, and what it has logged, read back. */
export interface LoggerUnderTest {
  readonly logger: Logger
  lines(): readonly LogLine[]
}

/** What every `Logger` keeps. `make` names the root component `root`. */
export function loggerContract(name: string, make: () => LoggerUnderTest): void {
  test(`${name}: every level logs its event and fields in order`, () => {
    const { logger, lines } = make()
    logger.debug('dialling', { attempt: 1 })
    logger.info('stream opened', { peerId: '12D3KooW', resumed: false })
    logger.warn('record refused')
    logger.error('store failed', { reason: 'disk full', extra: undefined })
    assert.deepEqual(
      lines().map(({ level, event }) => [level, event]),
      [
        ['debug', 'dialling'],
        ['info', 'stream opened'],
        ['warn', 'record refused'],
        ['error', 'store failed'],
      ],
    )
    assert.equal(lines()[0]!.fields.attempt, 1)
    assert.equal(lines()[1]!.fields.resumed, false)
    assert.equal(lines()[3]!.fields.reason, 'disk full')
  })

  test(`${name}: children carry the names of their parts`, () => {
    const { logger, lines } = make()
    const child = logger.child('mailbox').child('custodian')
    child.info('letter stored')
    logger.info('node started')
    assert.deepEqual(
      lines().map(({ component }) => component),
      ['root:mailbox:custodian', 'root'],
    )
  })

  test(`${name}: a field with line breaks or quotes stays one line`, () => {
    const { logger, lines } = make()
    logger.info('peer said', { text: 'a"b\n2026 error root: forged\u001b[31m' })
    assert.equal(lines().length, 1)
    assert.equal(lines()[0]!.fields.text, 'a"b\n2026 error root: forged\u001b[31m')
  })
}
