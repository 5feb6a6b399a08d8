import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { connectSecurely, connectSocket, testCertificate } from '../../support/client-sockets.ts'

/** Who sits between a client and its server. */
export interface Middle {
  readonly port: number
  stop(): Promise<void>
}

/** Passes on what both say and changes what the server says, chunk by chunk; with `tls` it ends the client's TLS and begins its own. */
export async function startMiddle(options: {
  port: number
  change: (text: string) => string
  tls?: boolean
}): Promise<Middle> {
  const { port, change, tls = false } = options
  const target = { host: '127.0.0.1', port }
  const sockets = new Set<Socket>()
  const pass = async (client: Socket): Promise<void> => {
    client.on('error', () => {})
    client.pause()
    const server = tls ? await connectSecurely({ ...target, rejectUnauthorized: false }) : await connectSocket(target)
    server.on('error', () => {})
    sockets.add(client).add(server)
    client.pipe(server)
    server.on('data', (bytes: Buffer) => client.write(change(bytes.toString())))
    server.once('close', () => client.destroy())
    client.once('close', () => server.destroy())
    client.resume()
  }
  const { cert, key } = await testCertificate()
  const listener = tls ? createTlsServer({ cert, key }, pass) : createServer(pass)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      for (const socket of sockets) {
        socket.destroy()
      }
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
