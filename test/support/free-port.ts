import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that the kernel hands out by itself (32768 and up, `net.ipv4.ip_local_port_range`): between the
 * probe and the server's own `listen`, which may come seconds later, no connection of another test can take the port.
 */
const FIRST = 15_000
const END = 32_000
const TRIES = 50

/** A port that nothing listens on: the server's own address must be known before it listens. */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left -= 1) {
    const port = randomInt(FIRST, END)
    if (await canListen(port)) return port
  }
  throw new Error(`None of ${TRIES} ports from ${FIRST} to ${END} is free.`)
}

function canListen(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}
