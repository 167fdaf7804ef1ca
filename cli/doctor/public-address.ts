import { lookup } from 'node:dns/promises'
import { type Check, type Examination, type Finding, fault, ok, skipped, warning } from './check.ts'
import { readServer } from './local-server.ts'
import { ask, networkCode, unanswered } from './network.ts'

/** Whether the carriers' way in ends at the server of this machine. */
export const publicAddress: Check = {
  name: 'public address',
  async run(examination) {
    const { publicUrl } = examination.config
    if (!publicUrl) {
      return [
        skipped('No public address is set (RAILWAY_PUBLIC_DOMAIN or SERVER_URL); only carriers need one.')
      ]
    }
    const unresolved = await resolve(publicUrl)
    return unresolved ? [unresolved] : [await reach(publicUrl, examination)]
  }
}

async function resolve({ hostname }: URL): Promise<Finding | null> {
  try {
    await lookup(hostname.replace(/^\[|\]$/g, ''))
    return null
  } catch (error) {
    return fault(
      `${hostname} does not resolve (${networkCode(error) ?? 'no address'}).`,
      'Make a DNS record for it that leads to this server, or correct RAILWAY_PUBLIC_DOMAIN or SERVER_URL.'
    )
  }
}

async function reach({ origin }: URL, { config, server }: Examination): Promise<Finding> {
  try {
    const { status, text } = await ask(`${origin}/health/metrics`)
    const found = readServer(text)
    if (!found) {
      return fault(
        `${origin} is answered by something that is not Offhook (HTTP ${status}).`,
        `Let the proxy pass everything, path and all, on to port ${config.port} of this machine.`
      )
    }
    if (!server)
      return warning(`${origin} is answered by an Offhook that is not on this machine.`, RUN_BESIDE)
    if (found.instanceId === server.instanceId) return ok(`${origin} leads to this server.`)
    if (config.redisUrl) return ok(`${origin} leads to an Offhook; with REDIS_URL any replica will do.`)
    return fault(
      `${origin} leads to another Offhook than the one on port ${config.port} of this machine.`,
      'Stop the other one, or correct the DNS record or the proxy.'
    )
  } catch (error) {
    return unanswered(
      origin,
      error,
      `Let the firewall and the proxy pass it on to port ${config.port} of this machine.`
    )
  }
}

const RUN_BESIDE = 'Run the doctor where the server runs, with the same environment.'
