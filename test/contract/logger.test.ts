import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLogLevel, type LogLevel, StderrLogger } from '../../src/os/stderr-logger.ts'
import { type LogLine, RecordingLogger } from '../support/recording-logger.ts'
import { loggerContract } from './logger.ts'

const clock = { wallMs: () => Date.UTC(2026, 10, 22) }

loggerContract('RecordingLogger', () => {
  const logger = new RecordingLogger('root')
  return { logger, lines: () => logger.lines }
})

loggerContract('StderrLogger, JSON', () => {
  const written: string[] = []
  const write = (line: string): void => {
    written.push(line)
  }
  const logger = new StderrLogger({ clock, level: 'debug', format: 'json', name: 'root', write })
  return { logger, lines: () => written.join('').trimEnd().split('\n').map(parseJsonLine) }
})

loggerContract('StderrLogger, text', () => {
  const written: string[] = []
  const write = (line: string): void => {
    written.push(line)
  }
  const logger = new StderrLogger({ clock, level: 'debug', format: 'text', name: 'root', write })
  return { logger, lines: () => written.join('').trimEnd().split('\n').map(parseTextLine) }
})

test('StderrLogger writes its level and above', () => {
  for (const [level, expected] of [
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ] as const satisfies readonly (readonly [LogLevel, number])[]) {
    const written: string[] = []
    const logger = new StderrLogger({ clock, level, write: (line) => written.push(line) })
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    assert.equal(written.length, expected)
  }
})

test('a JSON line is an object with time, level, component, event and the fields, which cannot replace these', () => {
  let line = ''
  const logger = new StderrLogger({ clock, format: 'json', write: (text) => (line = text) })
  logger.info('stream opened', { count: 3, event: 'forged' })
  assert.deepEqual(JSON.parse(line), {
    time: '2026-11-22T00:00:00.000Z',
    level: 'info',
    component: 'kabber',
    event: 'stream opened',
    count: 3,
  })
})

test('names of levels are known from other words', () => {
  assert.ok(isLogLevel('debug') && isLogLevel('silent'))
  assert.ok(!isLogLevel('loud') && !isLogLevel('toString'))
})

function parseJsonLine(line: string): LogLine {
  const { level, component, event, time: _time, ...fields } = JSON.parse(line)
  return { level, component, event, fields }
}

function parseTextLine(line: string): LogLine {
  const [, level, component, rest] = /^\S+ (\w+) +([\w:]+): (.*)$/.exec(line)!
  const [, event, tail] = /^(.*?)((?: \w+=(?:"(?:[^"\\]|\\.)*"|\S+))*)$/.exec(rest!)!
  const fields: Record<string, string | number | boolean> = {}
  for (const [, name, value] of tail!.matchAll(/ (\w+)=("(?:[^"\\]|\\.)*"|\S+)/g)) {
    fields[name!] = /^"|^\d+$|^(true|false)$/.test(value!) ? JSON.parse(value!) : value!
  }
  return { level: level as LogLine['level'], component: component!, event: event!, fields }
}
