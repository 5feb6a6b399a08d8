import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AfterHooks } from '../support/kabber-process.ts'
import { Program, run } from './tools/program.ts'
import { until } from './tools/until.ts'

const DOMAIN = 'id.internal'
const MODULES = ['roster', 'saslauth', 'tls', 'disco', 'ping', 'smacks', 'websocket', 'http']
const COMFORT = [
  ...['carbons', 'pep', 'private', 'blocklist', 'vcard4', 'vcard_legacy', 'bookmarks', 'mam', 'csi_simple'],
  ...['version', 'uptime', 'time', 'offline', 'lastactivity', 'http_file_share', 'mam_announced'],
]

/** How it is set up. */
export interface ProsodyOptions {
  readonly host: string
  /** Names and passwords. */
  readonly accounts: Readonly<Record<string, string>>
  /** What people's servers have; else only what messages need. */
  readonly comfort: boolean
  /** Where the archive is kept. @default internal files */
  readonly sqlArchive?: boolean
}

/** Debian's Prosody with a home of its own. */
export interface ProsodyServer {
  readonly program: Program
  readonly certificateFile: string
  readonly log: () => string
}

/** Starts it on 5222 and 5280 of `host` and waits until it listens. */
export async function startProsody(hooks: AfterHooks, folder: string, options: ProsodyOptions): Promise<ProsodyServer> {
  const data = join(folder, 'data')
  const accounts = join(data, DOMAIN.replace('.', '%2e'), 'accounts')
  mkdirSync(accounts, { recursive: true })
  for (const [name, password] of Object.entries(options.accounts)) {
    writeFileSync(join(accounts, `${name}.dat`), `return { ["password"] = "${password}"; };\n`)
  }
  const certificateFile = join(folder, 'server.crt')
  const keyFile = join(folder, 'server.key')
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3'],
    ...[
      '-keyout',
      keyFile,
      '-out',
      certificateFile,
      '-subj',
      `/CN=${DOMAIN}`,
      '-addext',
      `subjectAltName=DNS:${DOMAIN}`,
    ],
  ])
  // COMPAT(profanity, 0.13): it looks for the archive among the features of the domain.
  writeFileSync(join(folder, 'mod_mam_announced.lua'), 'module:add_feature("urn:xmpp:mam:2")\n')
  const configuration = join(folder, 'prosody.cfg.lua')
  writeFileSync(configuration, prosodyConfiguration(folder, options, { certificateFile, keyFile }))
  const program = new Program(hooks, 'prosody', ['-F', '--config', configuration])
  const logFile = join(folder, 'prosody.log')
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  await until('Prosody listens', () => {
    if (program.hasEnded) {
      throw new Error(`Prosody has ended: ${program.output}`)
    }
    return ['c2s', 'http'].every((service) => log().includes(`Activated service '${service}'`))
  })
  return { program, certificateFile, log }
}

function prosodyConfiguration(
  folder: string,
  { host, comfort, sqlArchive }: ProsodyOptions,
  files: { certificateFile: string; keyFile: string },
): string {
  const modules = [...MODULES, ...(comfort ? COMFORT : []), ...(sqlArchive === true && !comfort ? ['mam'] : [])]
  return `
run_as_root = true
pidfile = "${folder}/prosody.pid"
plugin_paths = { "${folder}" }
data_path = "${folder}/data"
log = { info = "${folder}/prosody.log" }
modules_enabled = { ${modules.map((name) => `"${name}"`).join(', ')} }
modules_disabled = { "s2s" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
limits = {}
c2s_interfaces = { "${host}" }
c2s_ports = { 5222 }
http_interfaces = { "${host}" }
http_ports = { 5280 }
https_ports = {}
consider_websocket_secure = true
cross_domain_websocket = true
archive_expires_after = "1d"
${sqlArchive === true ? `storage = { archive = "sql" }\nsql = { driver = "SQLite3", database = "${folder}/archive.sqlite" }` : ''}
VirtualHost "${DOMAIN}"
ssl = { certificate = "${files.certificateFile}", key = "${files.keyFile}" }
`
}
