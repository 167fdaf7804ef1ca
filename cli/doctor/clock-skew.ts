import type { Config } from '../../services/config.ts'
import { type Check, type Examination, type Finding, fault, ok, skipped, warning } from './check.ts'
import { ask, networkCode, unreachable } from './network.ts'

/** Telnyx's signatures are good for 300 s. */
const FAULT_SECONDS = 240
/** A machine that keeps its time is off by much less. */
const WARNING_SECONDS = 30

/** This machine's clock against that of a carrier or an AI service: signatures and tokens have a time. */
export const clockSkew: Check = {
  name: 'clock',
  async run({ config, now }) {
    const [reference] = references(config)
    if (!reference) return [skipped('No carrier and no AI service is configured to compare it with.')]
    return [await compare(reference, now)]
  }
}

interface Reference {
  readonly who: string
  readonly url: string
}

function references({ telnyx, twilio, openai }: Config): Reference[] {
  return [
    ...(telnyx ? [{ who: 'Telnyx', url: telnyx.baseUrl ?? 'https://api.telnyx.com/v2' }] : []),
    ...(twilio ? [{ who: 'Twilio', url: twilio.baseUrl ?? 'https://api.twilio.com' }] : []),
    ...(openai ? [{ who: 'OpenAI', url: openai.baseUrl ?? 'https://api.openai.com/v1' }] : [])
  ]
}

async function compare({ who, url }: Reference, now: Examination['now']): Promise<Finding> {
  try {
    const sentAt = now()
    const { headers } = await ask(url)
    const theirs = Date.parse(headers.get('date') ?? '')
    if (Number.isNaN(theirs)) return skipped(`${who} tells no time.`)
    // Their header has whole seconds, and was written in the middle of the way.
    return judge(who, ((sentAt + now()) / 2 - (theirs + 500)) / 1000)
  } catch (error) {
    return unreachable(who, networkCode(error) ?? 'no answer')
  }
}

/** `skewSeconds`: positive where this machine is ahead. */
export function judge(who: string, skewSeconds: number): Finding {
  const off = Math.round(Math.abs(skewSeconds))
  const message = `This machine's clock is ${off} s ${skewSeconds > 0 ? 'ahead of' : 'behind'} that of ${who}.`
  const fix = 'Keep the time by NTP, for example with systemd-timesyncd or chrony.'
  if (off > FAULT_SECONDS) return fault(`${message} Webhooks are refused from 300 s on.`, fix)
  if (off > WARNING_SECONDS) return warning(message, fix)
  return ok(`This machine's clock agrees with that of ${who} to ${Math.max(off, 1)} s.`)
}
