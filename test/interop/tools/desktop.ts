import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AfterHooks } from '../../support/kabber-process.ts'
import type { Login } from '../chat-client.ts'
import { asDesktopUser, giveFile, giveFolders } from './desktop-user.ts'
import { Program, run } from './program.ts'
import { until } from './until.ts'

const SYSTEM_CERTIFICATES = '/etc/ssl/certs'
const BUNDLE = 'ca-certificates.crt'

/** How it is set up. */
export interface DesktopOptions {
  readonly hooks: AfterHooks
  /** Home of the programs; becomes the desktop user's. */
  readonly folder: string
  readonly login: Login
}

/**
 * A screen (Xvfb) with a window manager and a session bus for one program, which runs as an unprivileged user. Programs
 * in it, and nobody else, find the domain of the login in the hosts file and its certificate among the system's.
 */
export class Desktop {
  readonly folder: string
  readonly #hooks: AfterHooks
  readonly #mounts: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(options: DesktopOptions, display: string) {
    this.folder = options.folder
    this.#hooks = options.hooks
    this.#env = {
      ...{ DISPLAY: display, HOME: this.folder, XDG_RUNTIME_DIR: join(this.folder, 'run') },
      ...{ XDG_CONFIG_HOME: this.configFolder, XDG_DATA_HOME: this.dataFolder, XDG_CACHE_HOME: join(this.folder, 'k') },
      ...{ NO_AT_BRIDGE: '1', LIBGL_ALWAYS_SOFTWARE: '1', GDK_BACKEND: 'x11', QT_QPA_PLATFORM: 'xcb' },
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(this.folder, 'run', 'bus')}`,
    }
    giveFolders(this.folder, ...['run', 'c', 'd', 'k'].map((name) => join(this.folder, name)))
    this.#mounts = mounts(dirname(this.folder), options.login)
  }

  get configFolder(): string {
    return join(this.folder, 'c')
  }

  get dataFolder(): string {
    return join(this.folder, 'd')
  }

  static async open(options: DesktopOptions): Promise<Desktop> {
    const screen = new Program(options.hooks, 'Xvfb', [
      '-displayfd',
      '1',
      '-screen',
      '0',
      '1280x800x24',
      '-nolisten',
      'tcp',
    ])
    const display = await until('Xvfb is there', () => /^\d+$/mu.exec(screen.output)?.[0])
    const desktop = new Desktop(options, `:${display}`)
    const bus = join(desktop.folder, 'run', 'bus')
    desktop.start('dbus-daemon', ['--session', '--nofork', '--nopidfile', `--address=unix:path=${bus}`])
    await until('the session bus is there', () => existsSync(bus))
    desktop.start('openbox', [])
    return desktop
  }

  /** Starts a program. */
  start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return new Program(this.#hooks, ...this.#wrapped(command, args), {
      env: { ...this.#env, ...env },
      cwd: this.folder,
    })
  }

  /** Runs a command to its end and gives its stdout. */
  async run(command: string, args: readonly string[]): Promise<string> {
    return await run(...this.#wrapped(command, args), { env: this.#env, cwd: this.folder })
  }

  /** Writes a file for the program; its folder becomes the desktop user's. */
  write(path: string, content: string): void {
    giveFile(path, content)
  }

  /** Types into the window that has the focus. */
  async type(text: string): Promise<void> {
    await this.run('xdotool', ['type', '--delay', '15', text])
  }

  async press(...keys: string[]): Promise<void> {
    await this.run('xdotool', ['key', '--delay', '30', ...keys])
  }

  /** Activates a GAction that a program exports on the bus (org.gtk.Actions). */
  async activate(name: string, path: string, action: string, parameter = '[]'): Promise<void> {
    const call = ['--method', 'org.gtk.Actions.Activate', action, parameter, '{}']
    await this.run('gdbus', ['call', '--session', '--dest', name, '--object-path', path, ...call])
  }

  async screenshot(file: string): Promise<void> {
    writeFileSync(file, '')
    await run('import', ['-window', 'root', file], { env: this.#env })
  }

  #wrapped(command: string, args: readonly string[]): [string, string[]] {
    const script = `${this.#mounts} exec setpriv "$@"`
    return [
      'unshare',
      ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', ...asDesktopUser(), command, ...args],
    ]
  }
}

/** Prepares a hosts file and a store of certificates, and gives the commands that mount them over the system's. */
function mounts(folder: string, { jid, host, certificateFile }: Login): string {
  const hosts = join(folder, 'hosts')
  writeFileSync(hosts, `${readFileSync('/etc/hosts', 'utf8')}\n${host} ${jid.split('@')[1]}\n`)
  const certificates = join(folder, 'certificates')
  cpSync(SYSTEM_CERTIFICATES, certificates, { recursive: true, verbatimSymlinks: true })
  const pem = readFileSync(certificateFile, 'utf8')
  const bundle = join(certificates, BUNDLE)
  const old = readFileSync(join(SYSTEM_CERTIFICATES, BUNDLE), 'utf8')
  rmSync(bundle, { force: true })
  writeFileSync(bundle, `${old}\n${pem}`)
  writeFileSync(join(certificates, 'kabber.pem'), pem)
  const hash = spawnSync('openssl', ['x509', '-hash', '-noout', '-in', certificateFile], {
    encoding: 'utf8',
  }).stdout.trim()
  symlinkSync('kabber.pem', join(certificates, `${hash}.0`))
  spawnSync('chmod', ['-R', 'a+rX', certificates, hosts])
  return `mount --bind ${hosts} /etc/hosts && mount --bind ${certificates} ${SYSTEM_CERTIFICATES} &&`
}
