import type { Config } from '../../services/config.ts'
import { type Check, fault, type LocalServer, ok, skipped } from './check.ts'
import { ask, parseObject } from './network.ts'

/** The server that listens where this configuration says; null where none answers as Offhook does. */
export async function findLocalServer({ port, host }: Config): Promise<LocalServer | null> {
  const anywhere = host === '0.0.0.0' || host === '::'
  const authority = anywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  try {
    const { text } = await ask(`http://${authority}:${port}/health/metrics`)
    return readServer(text)
  } catch {
    return null
  }
}

/** From the answer of `/health/metrics`. */
export function readServer(text: string): LocalServer | null {
  const { uptimeSeconds, instanceId } = parseObject(text)
  if (typeof uptimeSeconds !== 'number') return null
  return { instanceId: typeof instanceId === 'string' ? instanceId : null }
}

export const localServer: Check = {
  name: 'server',
  async run({ config, server }) {
    if (server) return [ok(`Offhook answers on port ${config.port}.`)]
    if (config.publicUrl) {
      return [
        fault(
          `No Offhook answers on port ${config.port} of this machine, so nothing can be reached through the public address.`,
          'Start it with npm start, and run the doctor beside it.'
        )
      ]
    }
    return [skipped(`No Offhook runs on port ${config.port}; what needs a running one is not checked.`)]
  }
}
