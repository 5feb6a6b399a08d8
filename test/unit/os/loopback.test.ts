import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback } from '../../../src/os/loopback.ts'

test('loopback is 127.0.0.0/8, ::1 and the former written as IPv6, nothing else', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
    assert.equal(isLoopback(address), true, address)
  }
  for (const address of ['192.168.1.127', '10.127.0.1', '128.0.0.1', '::', '::2', '::ffff:10.0.0.1', 'fe80::127', '']) {
    assert.equal(isLoopback(address), false, address)
  }
  assert.equal(isLoopback(undefined), false)
})
