import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { badInput, CliError } from './cli-error.ts'
import type { CommandContext } from './context.ts'
import { EXIT_CODES } from './exit-codes.ts'

const STORE_FILE = 'kabber.sqlite'
const CONTROL_SOCKET = 'control.sock'
const STATUS_SOCKET = 'status.sock'
const TLS_FOLDER = 'tls'
const UPLOADS_FOLDER = 'uploads'

/** Longest path that a Unix socket takes everywhere, bytes: 103 on macOS, 107 on Linux. */
const MAX_SOCKET_PATH_BYTES = 103

/** A folder with everything of one person's node: keys, messages, the socket for commands, certificate, files. */
export interface Home {
  readonly path: string
  readonly storePath: string
  readonly controlSocketPath: string
  /** Socket on which a relay, which has no commands, tells how it is doing. */
  readonly statusSocketPath: string
  /** Folder of the certificate for clients and its key. */
  readonly tlsPath: string
  /** Folder of files that clients have uploaded. */
  readonly uploadsPath: string
  /** True if something is kept there already. */
  exists(): boolean
}

/**
 * The home of `--home`, else of `KABBER_HOME` if that is not empty, else `kabber` in the XDG data folder. Touches nothing.
 *
 * @throws CliError if the path is too long for the control socket
 */
export function findHome(context: Pick<CommandContext, 'home'>): Home {
  if (context.home === '') {
    throw badInput('--home needs the name of a folder')
  }
  return homeAt(context.home ?? (process.env.KABBER_HOME || defaultHome()))
}

function homeAt(folder: string): Home {
  const path = resolve(folder)
  const controlSocketPath = join(path, CONTROL_SOCKET)
  const excess = Buffer.byteLength(controlSocketPath) - MAX_SOCKET_PATH_BYTES
  if (excess > 0) {
    throw badInput(
      `the path of the home is ${excess} bytes too long for the node's socket; choose a shorter one: ${path}`,
    )
  }
  const storePath = join(path, STORE_FILE)
  return {
    path,
    storePath,
    controlSocketPath,
    statusSocketPath: join(path, STATUS_SOCKET),
    tlsPath: join(path, TLS_FOLDER),
    uploadsPath: join(path, UPLOADS_FOLDER),
    exists: () => existsSync(storePath),
  }
}

/** XDG Base Directory Specification 0.8; a relative value is to be ignored. */
function defaultHome(): string {
  const dataHome = process.env.XDG_DATA_HOME
  return join(dataHome?.startsWith('/') === true ? dataHome : join(homedir(), '.local', 'share'), 'kabber')
}

const WHY_NOT: Readonly<Record<string, string>> = {
  ENOENT: 'there is no place for a folder',
  EEXIST: 'a part of the path is a file',
  ENOTDIR: 'a part of the path is a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}

/**
 * Makes the folder of a home, for its owner only.
 *
 * @throws CliError
 */
export function makeHome(home: Home): void {
  try {
    makeFolders(home.path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'failure'
    const why = WHY_NOT[code] ?? code
    throw new CliError(EXIT_CODES.failed, 'home', `the folder ${home.path} cannot be made: ${why}`, { cause: error })
  }
}

/** COMPAT(Node 24): its own recursive mkdir never ends where the system says ENOENT for a new folder, as in /proc. */
function makeFolders(path: string): void {
  if (existsSync(path)) {
    // Throws if it is a file.
    readdirSync(path)
    return
  }
  const parent = dirname(path)
  if (parent !== path) {
    makeFolders(parent)
  }
  mkdirSync(path, { mode: 0o700 })
}
