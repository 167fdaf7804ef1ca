import { performance } from 'node:perf_hooks'
import type { TelnyxStandIn } from '../telnyx/telnyx-standin.ts'
import type { TwilioStandIn } from '../twilio/twilio-standin.ts'
import type { DevCall } from './dev-call.ts'

/** Tells live what happens between the carriers and the server, in ms since the last call began. */
export function narrate(
  { telnyx, twilio }: { telnyx: TelnyxStandIn; twilio: TwilioStandIn },
  print: (line: string) => void
): void {
  let ringingAt = performance.now()
  const tell = (text: string) => {
    const ms = Math.round(performance.now() - ringingAt)
    print(`${String(ms).padStart(7)} ms  ${text}`)
  }
  const follow = (call: DevCall, direction: string, from: string, to: string) => {
    ringingAt = performance.now()
    tell(`${direction} call ${from} to ${to}`)
    call.on('moment', ({ name, detail }) => {
      tell(`${name}${detail && `: ${detail}`}`)
      if (name === 'ended') print(summary(call))
    })
  }
  telnyx.on('call', (call) => follow(call, call.options.direction, call.options.from, call.options.to))
  twilio.on('call', (call) => follow(call, call.options.direction, call.options.from, call.options.to))
  telnyx.on('webhook', ({ eventType, attempts }) => tell(`webhook ${eventType} -> ${attempts.at(-1)}`))
  twilio.on('webhook', ({ url, params, status }) =>
    tell(`webhook ${new URL(url).pathname} ${params.CallStatus} -> ${status}`)
  )
  telnyx.on('request', ({ command, method, path, status, errorCode }) => {
    tell(`request ${command ?? `${method} ${path}`} -> ${status}${errorCode ? ` (${errorCode})` : ''}`)
  })
  twilio.on('request', ({ method, path, form, status, errorCode }) => {
    const fields = Object.keys(form).join(', ')
    const resource = path.slice(path.lastIndexOf('/') + 1)
    tell(`request ${method} ${resource} ${fields} -> ${status}${errorCode ? ` (${errorCode})` : ''}`)
  })
}

function summary(call: DevCall): string {
  const ringing = call.moments.find(({ name }) => name === 'initiated')
  const first = call.moments.find(({ name }) => name === 'first-audio')
  if (!ringing || !first) return 'The agent was not heard.'
  const afterMs = Math.round(first.at - ringing.at)
  return `First audio after ${afterMs} ms, ${Math.round(call.heardMs)} ms of the agent heard.`
}
