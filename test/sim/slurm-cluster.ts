import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { AfterHooks } from '../support/kabber-process.ts'

const POLL_MS = 200
/** For a daemon to answer; a busy machine is slow. */
const PATIENCE_MS = 60_000

/** A Slurm controller and one node on this machine, with munge, all in one folder: nothing of the system is touched. */
export interface SlurmCluster {
  /** Runs a client of Slurm and gives what it prints; throws with what it complains. */
  call(program: string, ...args: string[]): string
  /** What the daemons logged. */
  logs(): string
}

const PROGRAMS: readonly string[] = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged', '/usr/bin/sbatch']

/** Installs Slurm and munge from Debian where they are missing, without starting any service of the system. */
export function installSlurm(): void {
  if (PROGRAMS.every((program) => existsSync(program))) {
    return
  }
  const script = 'apt-get update -q && apt-get install -qy --no-install-recommends slurm-wlm munge'
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'], env: environment })
  if (status !== 0) {
    throw new Error(`Slurm is missing and could not be installed: ${script}`)
  }
}

/** Starts munged, slurmctld and slurmd as this user, which must be root or alone on the machine; stopped by `hooks`. */
export async function startSlurm(hooks: AfterHooks, folder: string): Promise<SlurmCluster> {
  for (const name of ['state', 'spool', 'munge']) {
    mkdirSync(join(folder, name), { mode: 0o700 })
  }
  const [controller, node] = [await freePort(), await freePort()]
  const conf = join(folder, 'slurm.conf')
  writeFileSync(conf, configuration(folder, controller, node))
  const environment = { ...process.env, SLURM_CONF: conf }
  const start = (program: string, ...args: string[]): ChildProcess => {
    const child = spawn(program, args, { env: environment, stdio: 'ignore' })
    hooks.after(() => ended(child))
    return child
  }
  spawnSync('/usr/sbin/mungekey', ['--create', `--keyfile=${join(folder, 'munge/key')}`])
  const munge = ['key-file=key', 'socket=socket', 'pid-file=pid', 'seed-file=seed', 'log-file=log']
  start(
    '/usr/sbin/munged',
    '--foreground',
    '--force',
    ...munge.map((option) => `--${option.replace('=', `=${folder}/munge/`)}`),
  )
  const call = (program: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      env: environment,
      encoding: 'utf8',
      cwd: folder,
    })
    if (status !== 0) {
      throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
    }
    return stdout
  }
  await until('munged', () => call('munge', '-n', `--socket=${folder}/munge/socket`) !== '')
  start('/usr/sbin/slurmctld', '-D', '-c', '-f', conf)
  await until('slurmctld', () => call('scontrol', 'ping').includes('is UP'))
  start('/usr/sbin/slurmd', '-D', '-c', '-f', conf)
  await until('slurmd', () => /\b(idle|mixed)\b/.test(call('sinfo', '--noheader', '--format=%T')))
  const logs = (): string =>
    ['slurmctld.log', 'slurmd.log'].map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
  return { call, logs }
}

function configuration(folder: string, controllerPort: number, nodePort: number): string {
  const [name] = hostname().split('.')
  const user = process.env.USER ?? 'root'
  return [
    'ClusterName=kabber',
    `SlurmctldHost=${name}(127.0.0.1)`,
    `SlurmctldPort=${controllerPort}`,
    `SlurmdPort=${nodePort}`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${folder}/munge/socket`,
    'CryptoType=crypto/munge',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd.pid`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/slurmd.log`,
    'ProctrackType=proctrack/pgid',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'ReturnToService=2',
    `NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
    '',
  ].join('\n')
}

async function until(what: string, isReady: () => boolean): Promise<void> {
  const limitMs = performance.now() + PATIENCE_MS
  let problem = ''
  while (performance.now() < limitMs) {
    try {
      if (isReady()) {
        return
      }
    } catch (error) {
      problem = String(error)
    }
    await pause(POLL_MS)
  }
  throw new Error(`${what} is not ready after ${PATIENCE_MS / 1_000} s: ${problem}`)
}

/** Asks a daemon to end, makes it end after a while, and waits. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await promise
  clearTimeout(force)
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() =>
      typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
    )
  })
  return await promise
}
