// One host of the NAT laboratory: runs in a network namespace, takes commands as JSON lines and answers each with one.
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { AgentAnswer, AgentCommand } from './lab.ts'

const udp = new Map<number, { readonly socket: UdpSocket; readonly heard: string[] }>()
const servers = new Map<number, { readonly server: Server; readonly heard: string[] }>()
const sockets = new Set<Socket>()

async function bind(port: number): Promise<{ readonly socket: UdpSocket; readonly heard: string[] }> {
  const bound = udp.get(port)
  if (bound !== undefined) {
    return bound
  }
  const entry = { socket: createSocket('udp4'), heard: [] as string[] }
  entry.socket.on('message', (_data, from) => entry.heard.push(`${from.address}:${from.port}`))
  // An ICMP "port unreachable" surfaces here; the scripts see silence.
  entry.socket.on('error', () => {})
  udp.set(port, entry)
  await new Promise<void>((resolve) => entry.socket.bind(port, resolve))
  return entry
}

function dial(command: Extract<AgentCommand, { op: 'connect' }>): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: command.address, port: command.toPort, localPort: command.port })
    const timer = setTimeout(() => end('silent'), command.patienceMs)
    const end = (outcome: string): void => {
      clearTimeout(timer)
      if (outcome !== 'open') {
        socket.destroy()
      }
      resolve(outcome)
    }
    sockets.add(socket)
    socket.on('connect', () => end('open'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'))
  })
}

async function listen(port: number): Promise<void> {
  const heard: string[] = []
  const server = createServer((socket) => {
    heard.push(`${socket.remoteAddress}:${socket.remotePort}`)
    socket.on('error', () => {})
    sockets.add(socket)
  })
  servers.set(port, { server, heard })
  await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve))
}

/** Ends everything with RSTs, so that no port waits. */
function reset(): void {
  for (const socket of sockets) {
    socket.resetAndDestroy()
  }
  for (const { socket } of udp.values()) {
    socket.close()
  }
  for (const { server } of servers.values()) {
    server.close()
  }
  sockets.clear()
  udp.clear()
  servers.clear()
}

async function obey(command: AgentCommand): Promise<string> {
  switch (command.op) {
    case 'bind':
      await bind(command.port)
      return ''
    case 'send': {
      const { socket } = await bind(command.port)
      await new Promise((resolve) => socket.send('x', command.toPort, command.address, resolve))
      return ''
    }
    case 'heard': {
      const entry = udp.get(command.port) ?? servers.get(command.port)
      return entry?.heard.splice(0).join(' ') ?? ''
    }
    case 'listen':
      await listen(command.port)
      return ''
    case 'connect':
      return await dial(command)
    case 'reset':
      reset()
      return ''
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { id, command }: { id: number; command: AgentCommand } = JSON.parse(line)
  obey(command).then(
    (value) => console.log(JSON.stringify({ id, value } satisfies AgentAnswer)),
    (error: unknown) => console.log(JSON.stringify({ id, value: `error ${error}` } satisfies AgentAnswer)),
  )
})
lines.on('close', () => process.exit(0))
