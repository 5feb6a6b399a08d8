import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { applySettings } from '../../../../cli/config/apply-settings.ts'
import { misspeltVariables } from '../../../../cli/config/misspelt-variables.ts'
import { CONFIG_SCHEMA_FILE, configJsonSchema, programOf } from '../../../support/config-schema.ts'
import { temporaryFolder } from '../../../support/kabber-process.ts'

const A = '/ip4/127.0.0.1/tcp/4001'
const B = '/ip4/127.0.0.1/tcp/4002'
const PEER_ID = '12D3KooWN55HzetcfpeL5t1EtXTzwcHg3JMxf8wugaRjN2Rwy3oW'

interface Given {
  readonly file?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly command?: 'start' | 'relay' | 'doctor'
}

/** The options of a command as it would see them. */
function optionsOf(t: TestContext, { file, environment = {}, args = [], command = 'relay' }: Given): object {
  const program = programOf()
  const found = program.commands.find((one) => one.name() === command)
  assert.ok(found)
  const path = join(temporaryFolder(t), 'relay.yaml')
  writeFileSync(path, file ?? '')
  found.parseOptions([...args, ...(file === undefined ? [] : ['--config', path])])
  applySettings(found, program, environment)
  const { config: _config, ...options } = found.opts()
  return { ...program.opts(), ...options }
}

describe('a setting', () => {
  it('is what the command line says, else the environment, else the file, else the default', (t) => {
    const file = `listen: ${A}\nstorage: 3MiB\n`
    const environment = { KABBER_STORAGE: '2MiB', KABBER_LISTEN: B }
    assert.deepEqual(optionsOf(t, {}), { reservations: 512 })
    assert.deepEqual(optionsOf(t, { file }), { reservations: 512, listen: [A], storage: 3 * 2 ** 20 })
    assert.deepEqual(optionsOf(t, { file, environment }), { reservations: 512, listen: [B], storage: 2 * 2 ** 20 })
    assert.deepEqual(optionsOf(t, { file, environment, args: ['--storage', '1MiB'] }), {
      reservations: 512,
      listen: [B],
      storage: 2 ** 20,
    })
  })

  it('of several values is a list in a file, and separated by white space or commas in the environment', (t) => {
    assert.deepEqual(optionsOf(t, { file: `listen: [${A}, ${B}]\n` }), { reservations: 512, listen: [A, B] })
    assert.deepEqual(optionsOf(t, { environment: { KABBER_LISTEN: `${A},${B}` } }), {
      reservations: 512,
      listen: [A, B],
    })
    assert.deepEqual(optionsOf(t, { args: ['--listen', A, '--listen', B] }), { reservations: 512, listen: [A, B] })
  })

  it('can be turned off where the option can', (t) => {
    assert.deepEqual(optionsOf(t, { file: 'metrics: false\n' }), { reservations: 512, metrics: false })
    assert.deepEqual(optionsOf(t, { environment: { KABBER_METRICS: 'false' } }), { reservations: 512, metrics: false })
    const start = optionsOf(t, { command: 'start', file: 'mdns: false\nxmpp: false\nweb: 127.0.0.1:80\n' })
    assert.deepEqual(start, { mdns: false, xmpp: false, web: '127.0.0.1:80' })
    assert.deepEqual(optionsOf(t, { command: 'start', environment: { KABBER_MDNS: 'false' } }), { mdns: false })
  })

  it('home, log and level are settings too', (t) => {
    assert.deepEqual(optionsOf(t, { file: 'home: /srv/kabber\nlog: json\nlog-level: info\n' }), {
      reservations: 512,
      home: '/srv/kabber',
      log: 'json',
      logLevel: 'info',
    })
    const environment = { KABBER_LOG: 'debug', KABBER_LOG_FORMAT: 'json', KABBER_HOME: '/x' }
    assert.deepEqual(optionsOf(t, { environment }), { reservations: 512, home: '/x', log: 'json', logLevel: 'debug' })
  })

  it('that is empty in the environment is not set', (t) => {
    const environment = { KABBER_BOOTSTRAP: '', KABBER_CONFIG: '', KABBER_LISTEN: ' ' }
    assert.deepEqual(optionsOf(t, { environment }), { reservations: 512 })
    assert.throws(
      () => optionsOf(t, { environment: { KABBER_LISTEN: ',' } }),
      /KABBER_LISTEN: an address to listen on is/,
    )
  })

  it('of another command is passed over by the doctor alone', (t) => {
    assert.deepEqual(optionsOf(t, { command: 'doctor', file: `reservations: 3\nlisten: ${A}\n` }), { listen: [A] })
    assert.throws(() => optionsOf(t, { command: 'start', file: 'reservations: 3\n' }), /no setting of 'kabber start'/)
  })
})

describe('a configuration file is refused with file, line and key', () => {
  for (const [file, words] of [
    ['# here\nreservatons: 3\n', /relay\.yaml, line 2: unknown key 'reservatons'; did you mean 'reservations'\?$/],
    ['zzzzzzzz: 3\n', /line 1: unknown key 'zzzzzzzz'; known: listen, /],
    ['storage: 512\n', /line 1: storage: '512' needs a unit/],
    ['storage: [1GiB]\n', /line 1: storage is one text or number$/],
    ['storage:\n', /line 1: storage is one text or number$/],
    ['storage: {a: b}\n', /line 1: storage is one text or number$/],
    ['storage: 1MiB\nstorage: 2MiB\n', /line 2: the key 'storage' is there already; say it once$/],
    ['listen: [/ip4/127.0.0.1/udp/1]\n', /line 1: listen: .* is no address to listen on/],
    ['announce: [/ip4/0.0.0.0/tcp/1]\n', /line 1: announce: .* is no address that others can dial/],
    ['listen: [[a]]\n', /line 1: listen is a text or a list of texts$/],
    ['reservations: -3\n', /line 1: reservations: A whole number/],
    ['reservations: 2.5\n', /line 1: reservations: A whole number/],
    ['metrics: 9600\n', /line 1: metrics: it needs an IP address and a port/],
    ['log: xml\n', /line 1: log: Allowed choices are text, json/],
    ['- listen\n', /line 1: keys with values are needed/],
    ['just text\n', /line 1: keys with values are needed/],
    ['1: a\n', /line 1: a key must be a word/],
    ['listen: &a /ip4\n', /line 1: anchors and tags are not taken/],
    ['listen: !!binary aGVsbG8=\n', /line 1: anchors and tags are not taken/],
    ['storage: 1MiB\n---\nstorage: 2MiB\n', /line 2: a second document begins/],
    [`listen: ${'['.repeat(20_000)}`, /line 1: this is nested too deeply$/],
    [`bootstrap: ${A.replace('4001', '0')}/p2p/${PEER_ID}\n`, /cannot be dialled; put the address of the machine/],
    [`bootstrap: /ip4/0.0.0.0/tcp/4001/p2p/${PEER_ID}\n`, /cannot be dialled; put the address of the machine/],
    ['listen: []\n', /line 1: listen: an address to listen on is needed/],
    ['announce: /ip6/0:0:0:0:0:0:0:0/tcp/1\n', /no address that others can dial/],
    ['announce: /ip4/255.255.255.255/tcp/1\n', /no address that others can dial/],
    [`announce: ${A}/p2p/${PEER_ID}\n`, /write it without \/p2p\//],
    ['a: "b\n', /line \d+: this is no YAML/],
    [`#${'x'.repeat(70_000)}`, /at most 65536 bytes/],
  ] as const) {
    it(JSON.stringify(file.slice(0, 40)), (t) => {
      assert.throws(
        () => optionsOf(t, { file }),
        (error: { message: string; exitCode: number }) => {
          assert.match(error.message, words)
          assert.doesNotMatch(error.message, /\n/)
          assert.equal(error.exitCode, 2)
          return true
        },
      )
    })
  }

  it('when it is missing, or no text', (t) => {
    const folder = temporaryFolder(t)
    assert.throws(
      () => optionsOf(t, { args: ['--config', join(folder, 'none')] }),
      /none: .*cannot be read: there is no such file/,
    )
    assert.throws(() => optionsOf(t, { args: ['--config', folder] }), /this is a folder, pipe or device$/)
    assert.throws(() => optionsOf(t, { args: ['--config', '/dev/zero'] }), /this is a folder, pipe or device$/)
    assert.throws(() => optionsOf(t, { args: ['--config', ''] }), /--config needs the name of a file$/)
    writeFileSync(join(folder, 'binary'), Uint8Array.of(0xff, 0xfe))
    assert.throws(() => optionsOf(t, { args: ['--config', join(folder, 'binary')] }), /is no UTF-8 text/)
  })

  it('and a variable by its name', (t) => {
    assert.throws(
      () => optionsOf(t, { environment: { KABBER_STORAGE: 'lots' } }),
      /^CliError: KABBER_STORAGE: 'lots' is no size/,
    )
  })
})

describe('a variable that nobody reads', () => {
  it('is remarked on where it looks like one that is read', () => {
    const known = new Set(['KABBER_STORAGE', 'KABBER_LISTEN'])
    assert.deepEqual(misspeltVariables(['KABBER_STORAG', 'HOME', 'KABBER_LISTEN'], known), [
      'Note: KABBER_STORAG is no setting and is not read; did you mean KABBER_STORAGE?',
    ])
    assert.deepEqual(misspeltVariables(['KABBER_RELAY_PORT', 'KABBER_RELAY_SERVICE_HOST'], known), [])
  })
})

describe('the published schema of configuration files', () => {
  it('says what the options say', () => {
    assert.deepEqual(JSON.parse(readFileSync(CONFIG_SCHEMA_FILE, 'utf8')), configJsonSchema())
  })

  it('takes the files that are shipped, and no misspelt key', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(configJsonSchema())
    const shipped = readFileSync(new URL('../../../../deploy/relay.yaml', import.meta.url), 'utf8')
    assert.ok(validate(parse(shipped)), JSON.stringify(validate.errors))
    assert.ok(!validate({ reservatons: 3 }))
    assert.ok(!validate({ log: 'xml' }))
  })
})
