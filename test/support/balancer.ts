import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface Balancer {
  readonly url: string
  /** Which of the targets gets a request, by its path; changed as a test wants it. */
  route: (path: string) => number
  /** `http://host:port` of each replica. */
  targets: string[]
  /** Whether every plain request goes to the other targets as well, whose replies nobody hears. */
  copies: boolean
  close(): Promise<void>
}

/** A load balancer that is not sticky: each request and each WebSocket goes where the test says. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming
    const chosen = targetOf(incoming)
    const forwarded = request(chosen, { method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
    for (const target of balancer.copies ? balancer.targets : []) {
      const other = new URL(chosen.pathname, target)
      if (other.host === chosen.host) continue
      incoming.pipe(request(other, { method, headers }, (reply) => reply.resume()).on('error', () => {}))
    }
  })
  server.on('upgrade', (incoming, socket: Socket, head) => {
    const { hostname, port } = new URL(targetOf(incoming))
    const onward = connect(Number(port), hostname, () => {
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`]
      for (let i = 0; i < incoming.rawHeaders.length; i += 2)
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`)
      onward.write(`${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    for (const [one, other] of [
      [socket, onward],
      [onward, socket]
    ]) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })

  function targetOf({ url = '/' }: IncomingMessage): URL {
    return new URL(url, balancer.targets[balancer.route(url)])
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const balancer: Balancer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    route: () => 0,
    targets: [],
    copies: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of sockets) socket.destroy()
      })
  }
  return balancer
}
