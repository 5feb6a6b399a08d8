import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { isOwnHost, isOwnOrigin } from '../../../src/os/web-host.ts'
import { normalizePath } from '../../../src/os/web-path.ts'

const pieces = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2F',
  '%',
  '\\',
  '%5c',
  '%00',
  'a',
  'é',
  '%c3%a9',
  '?',
  '//',
  '%25',
)
const targets = fc.oneof(
  fc.array(pieces).map((parts) => parts.join('')),
  fc.webPath(),
  fc.string({ unit: 'binary' }),
)

test('a path that is let through stays below its root, whatever the target was', () => {
  fc.assert(
    fc.property(targets, (target) => {
      const path = normalizePath(`/${target}`)
      if (path !== undefined) {
        assert.equal(posix.normalize(path), path)
        assert.ok(posix.join('/root', path).startsWith('/root/'))
        assert.doesNotMatch(path, /[\p{Cc}\\]/u)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a host and an origin never throw, and an origin of another host is never ours', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.webUrl(), fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(texts, texts, (host, origin) => {
      isOwnHost(host, new Set())
      isOwnOrigin(origin, host)
      assert.equal(isOwnOrigin(`http://evil.example:${5280}`, '127.0.0.1:5280'), false)
    }),
  )
  fc.assert(fc.property(fc.domain(), (domain) => assert.equal(isOwnHost(domain, new Set()), false)))
})

test('the port that goes without saying is the same as the one that is said', () => {
  assert.equal(isOwnOrigin('https://id.internal', 'id.internal:443'), true)
  assert.equal(isOwnOrigin('http://id.internal', 'id.internal:80'), true)
  assert.equal(isOwnOrigin('http://id.internal', 'id.internal:443'), false)
  assert.equal(isOwnOrigin('http://[::1]:5280', '[::1]:5280'), true)
  assert.equal(isOwnOrigin('file://', '127.0.0.1'), false)
})
