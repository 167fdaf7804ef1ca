import type { Twilio } from 'twilio'
import type { Config, TwilioConfig } from '../../services/config.ts'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped } from './check.ts'
import { networkCode, unreachable } from './network.ts'

/** The account at Twilio: its keys, and a number whose calls lead here. */
export const twilioAccount: Check = {
  name: 'Twilio',
  async run({ config }) {
    if (!config.twilio) return [skipped('TWILIO_ACCOUNT_SID is not set.')]
    try {
      const client = await createClient(config.twilio)
      const { status } = await client.api.v2010.accounts(config.twilio.accountSid).fetch()
      if (status !== 'active') {
        return [fault(`The account at Twilio is ${status}.`, "See what it asks for in Twilio's console.")]
      }
      return [ok('TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are taken.'), await checkNumbers(client, config)]
    } catch (error) {
      return [explain(error)]
    }
  }
}

async function createClient({ accountSid, authToken, baseUrl }: TwilioConfig): Promise<Twilio> {
  const { default: twilio } = await import('twilio')
  const httpClient = new twilio.RequestClient({ timeout: ANSWER_DEADLINE_MS })
  if (baseUrl !== null) {
    const base = baseUrl.replace(/\/$/, '')
    httpClient.axios.interceptors.request.use((request) => {
      const { pathname, search } = new URL(request.url ?? '')
      return Object.assign(request, { url: `${base}${pathname}${search}` })
    })
  }
  return new twilio.Twilio(accountSid, authToken, { httpClient })
}

async function checkNumbers(client: Twilio, { publicUrl }: Config): Promise<Finding> {
  const voiceUrl = `${publicUrl?.origin}/api/calls/twilio/voice`
  const numbers = await client.incomingPhoneNumbers.list({ limit: 200 })
  if (numbers.some((number) => number.voiceUrl === voiceUrl)) return ok('A number sends its calls here.')
  return fault(
    numbers.length === 0 ? 'The account has no number.' : 'No number of the account sends its calls here.',
    `In Twilio's console, set "A call comes in" of your number to Webhook, ${voiceUrl}, HTTP POST.`
  )
}

function explain(error: unknown): Finding {
  const code = networkCode(error)
  if (code) return unreachable("Twilio's API", code)
  const { status } = error as { status?: unknown }
  if (status === 401 || status === 404) {
    return fault(
      'Twilio does not take TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN.',
      "Copy both from the first page of Twilio's console."
    )
  }
  return fault(
    `Twilio's API does not answer as expected (${status ?? 'no answer'}).`,
    'See status.twilio.com, and TWILIO_BASE_URL if it is set.'
  )
}
