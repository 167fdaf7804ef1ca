import { performance } from 'node:perf_hooks'
import type { TelnyxCall } from '../telnyx/telnyx-call.ts'
import type { TelnyxStandIn } from '../telnyx/telnyx-standin.ts'

/** Tells live what happens between the stand-in and the server, in ms since the last call began. */
export function narrate(standIn: TelnyxStandIn, print: (line: string) => void): void {
  let ringingAt = performance.now()
  const tell = (text: string) => {
    const ms = Math.round(performance.now() - ringingAt)
    print(`${String(ms).padStart(7)} ms  ${text}`)
  }
  standIn.on('call', (call) => {
    ringingAt = performance.now()
    tell(`${call.options.direction} call ${call.options.from} to ${call.options.to}`)
    call.on('moment', ({ name, detail }) => tell(`${name}${detail && `: ${detail}`}`))
    call.on('moment', ({ name }) => {
      if (name === 'ended') print(summary(call))
    })
  })
  standIn.on('webhook', ({ eventType, attempts }) => tell(`webhook ${eventType} -> ${attempts.at(-1)}`))
  standIn.on('request', ({ command, method, path, status, errorCode }) => {
    tell(`request ${command ?? `${method} ${path}`} -> ${status}${errorCode ? ` (${errorCode})` : ''}`)
  })
}

function summary(call: TelnyxCall): string {
  const ringing = call.moments.find(({ name }) => name === 'initiated')
  const first = call.moments.find(({ name }) => name === 'first-audio')
  if (!ringing || !first) return 'The agent was not heard.'
  const afterMs = Math.round(first.at - ringing.at)
  return `First audio after ${afterMs} ms, ${Math.round(call.heardMs)} ms of the agent heard.`
}
