import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped, warning } from './check.ts'
import { networkCode } from './network.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Certificates are renewed by machines a month before their end; one this near to it was not. */
const SOON_DAYS = 14

export interface PresentedCertificate {
  /** OpenSSL's or Node's code of what is wrong with the chain or the name; null where nothing is. */
  readonly refusal: string | null
  /** Epoch milliseconds. */
  readonly validTo: number
}

/** Whether a carrier would trust what the public host, and the host of the media socket, present. */
export const certificate: Check = {
  name: 'TLS certificate',
  async run({ config, now }) {
    const urls = [config.publicUrl, config.telnyx?.streamUrl ?? null].filter((url) => url !== null)
    const hosts = new Map(urls.filter(({ protocol }) => protocol === 'https:').map((url) => [url.host, url]))
    if (hosts.size === 0) return [skipped('No public https:// address is set.')]
    return Promise.all([...hosts.values()].map((url) => examine(url, now())))
  }
}

async function examine(url: URL, now: number): Promise<Finding> {
  try {
    return judge(url.host, await present(url), now)
  } catch (error) {
    return fault(
      `${url.host} does not speak TLS with this machine (${networkCode(error) ?? 'handshake failed'}).`,
      'Let the proxy serve https:// at this address.'
    )
  }
}

export function judge(host: string, { refusal, validTo }: PresentedCertificate, now: number): Finding {
  const days = Math.floor((validTo - now) / DAY_MS)
  const until = new Date(validTo).toISOString().slice(0, 10)
  if (validTo <= now) return fault(`The certificate of ${host} expired on ${until}.`, 'Renew it.')
  if (refusal === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fault(`The certificate of ${host} is for another name.`, `Get one for ${host}.`)
  }
  if (refusal !== null) {
    return fault(
      `The certificate of ${host} is not trusted (${refusal}).`,
      'Use one of a public authority, such as Let’s Encrypt, and serve the whole chain with it.'
    )
  }
  if (days < SOON_DAYS) {
    return warning(
      `The certificate of ${host} expires on ${until}.`,
      'Renew it, and see why that was not automatic.'
    )
  }
  return ok(`The certificate of ${host} is valid until ${until}.`)
}

function present({ hostname, port }: URL): Promise<PresentedCertificate> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 443),
      ...(isIP(hostname) ? {} : { servername: hostname }),
      // To be judged, and not only refused.
      rejectUnauthorized: false,
      timeout: ANSWER_DEADLINE_MS
    })
    socket.on('secureConnect', () => {
      const refused = socket.authorizationError as (Error & { code?: string }) | string | null
      const refusal = refused instanceof Error ? (refused.code ?? refused.message) : (refused ?? null)
      resolve({ refusal, validTo: Date.parse(socket.getPeerCertificate().valid_to) })
      socket.destroy()
    })
    socket.on('timeout', () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    socket.on('error', reject)
  })
}
