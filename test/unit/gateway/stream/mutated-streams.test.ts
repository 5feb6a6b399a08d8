import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzStreams } from '../../../support/stream-fuzz.ts'

test('mutated streams are answered or go on, and leave nothing behind', async () => {
  const result = await fuzzStreams(500, 'unit')
  assert.ok(result.kept > 0)
  assert.ok((result.errors['not-well-formed'] ?? 0) > 0)
})
