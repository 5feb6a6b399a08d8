import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type AvailableResources,
  type RoutedAddress,
  type RoutedStanza,
  routedStanza,
  routeOf,
} from '../../../../src/gateway/sessions/routing-table.ts'
import { stanza } from './hub-world.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../../../docs/routing.md'), 'utf8')
const COLUMNS: readonly AvailableResources[] = ['none', 'negative', 'non-negative']
const ROW = /^\| ((?:message|presence|iq)[^|]*) \| (bare|full, bound|full, not bound) \|(.*)\|$/gm

test('stanzas go where docs/routing.md says', () => {
  const rows = [...PAGE.matchAll(ROW)]
  assert.equal(rows.length, 27)
  for (const [line, kind, address, cells] of rows) {
    const routes = cells!.split('|').map((cell) => cell.trim())
    COLUMNS.forEach((resources, column) => {
      assert.equal(routeOf(kind as RoutedStanza, address as RoutedAddress, resources), routes[column], line)
    })
  }
})

test('every stanza has its row', () => {
  for (const [text, kind] of [
    ['<message/>', 'message normal'],
    ["<message type='invented'/>", 'message normal'],
    ["<message type='chat'/>", 'message chat'],
    ["<message type='error'/>", 'message error'],
    ['<presence/>', 'presence'],
    ["<presence type='unavailable'/>", 'presence'],
    ["<presence type='error'/>", 'presence error'],
    ["<iq type='set'/>", 'iq get or set'],
    ["<iq type='result'/>", 'iq result or error'],
  ]) {
    assert.equal(routedStanza(stanza(text!)), kind)
  }
})
