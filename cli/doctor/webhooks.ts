import { createPublicKey, randomUUID } from 'node:crypto'
import type { Config } from '../../services/config.ts'
import { type Check, type Finding, fault, ok, skipped } from './check.ts'
import { type Answer, ask, parseObject, unanswered } from './network.ts'

/** Head of a SubjectPublicKeyInfo for Ed25519, before the 32 bytes of the key (RFC 8410). */
const ED25519_SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

/** Whether webhooks come through the public address as they were signed, and only those that were. */
export const webhookSignatures: Check = {
  name: 'webhooks',
  async run({ config, server }) {
    const { publicUrl, telnyx, twilio: twilioConfig } = config
    if (!publicUrl || (!telnyx && !twilioConfig)) return [skipped('No carrier is configured.')]
    const key = telnyx ? [checkTelnyxKey(telnyx.publicKey)] : []
    if (!server) return [...key, skipped('No server runs on this machine to send a webhook to.')]
    const findings = [
      ...(telnyx ? [tryTelnyx(publicUrl)] : []),
      ...(twilioConfig ? [tryTwilio(publicUrl, twilioConfig)] : [])
    ]
    return [...key, ...(await Promise.all(findings))]
  }
}

function checkTelnyxKey(publicKey: string): Finding {
  try {
    const spki = Buffer.concat([ED25519_SPKI_HEAD, Buffer.from(publicKey, 'base64')])
    createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return ok('TELNYX_PUBLIC_KEY is an Ed25519 key.')
  } catch {
    return fault(
      'TELNYX_PUBLIC_KEY is no Ed25519 key.',
      "Copy it from Account Settings, Keys & Credentials, in Telnyx's portal."
    )
  }
}

/** Only Telnyx can sign for Telnyx; that a forgery is refused shows that the key is in use and the way is open. */
async function tryTelnyx({ origin }: URL): Promise<Finding> {
  const url = `${origin}/api/calls/telnyx/webhook`
  const headers = {
    'content-type': 'application/json',
    'telnyx-timestamp': String(Math.floor(Date.now() / 1000)),
    'telnyx-signature-ed25519': Buffer.alloc(64).toString('base64')
  }
  const body = JSON.stringify({ data: { id: randomUUID(), event_type: 'doctor.probe', payload: {} } })
  return attempt('Telnyx', url, { method: 'POST', headers, body }, ({ status, text }) =>
    status === 403 && parseObject(text).error === 'invalid_signature'
      ? ok(`${url} refuses a webhook that Telnyx did not sign.`)
      : null
  )
}

/** Twilio's signatures are made with the auth token, which is ours too: one that is right must be taken. */
async function tryTwilio({ origin }: URL, { authToken }: NonNullable<Config['twilio']>): Promise<Finding> {
  const url = `${origin}/api/calls/twilio/status`
  const params = { CallSid: `CA${randomUUID().replaceAll('-', '')}`, CallStatus: 'doctor-probe' }
  const { default: twilio } = await import('twilio')
  const signature = twilio.getExpectedTwilioSignature(authToken, url, params)
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
    body: new URLSearchParams(params).toString()
  }
  return attempt('Twilio', url, init, ({ status }) => {
    if (status >= 200 && status < 300) return ok(`${url} takes a webhook that Twilio's auth token signed.`)
    if (status !== 403) return null
    return fault(
      'The server refuses a webhook that is signed with TWILIO_AUTH_TOKEN for the public address.',
      'Restart it with the environment that the doctor has: its auth token or its public address is another.'
    )
  })
}

async function attempt(
  carrier: string,
  url: string,
  init: RequestInit,
  judge: (answer: Answer) => Finding | null
): Promise<Finding> {
  try {
    const answer = await ask(url, init)
    return judge(answer) ?? unexpected(carrier, url, answer.status)
  } catch (error) {
    return unanswered(url, error, 'Let the firewall and the proxy pass POST requests on.')
  }
}

function unexpected(carrier: string, url: string, status: number): Finding {
  if (status === 503) {
    return fault(
      `The server runs without ${carrier}'s keys.`,
      'Restart it with the environment that the doctor has.'
    )
  }
  if (status >= 300 && status < 400) {
    return fault(`${url} is redirected, and carriers do not follow.`, 'Let the proxy pass it on instead.')
  }
  return fault(`${url} answers HTTP ${status}.`, 'Let the proxy pass the path and the body on unchanged.')
}
