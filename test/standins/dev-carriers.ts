import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { startDeepgramStandIn } from './deepgram/deepgram-standin.ts'
import type { DevCall } from './dev/dev-call.ts'
import { DevCaller } from './dev/dev-caller.ts'
import { narrate } from './dev/narrator.ts'
import { writeStereoWav } from './dev/stereo-wav.ts'
import { startRealtimeStandIn } from './openai/realtime-stand-in.ts'
import { startTelnyxStandIn, type TelnyxStandIn } from './telnyx/telnyx-standin.ts'
import { startTwilioStandIn, type TwilioStandIn } from './twilio/twilio-standin.ts'

const USAGE = `Loopback stand-ins of Telnyx, Twilio, OpenAI and Deepgram, for a server without accounts.

  npm run dev:carriers -- [options]

  --server URL         the server to ring (http://127.0.0.1:5001)
  --telnyx-port N      5011
  --openai-port N      5012
  --twilio-port N      5013
  --deepgram-port N    5014
  --carrier NAME       telnyx or twilio: whose calls are placed here; default telnyx
  --from, --to NUMBER  E.164, of the calls placed here
  --say TEXT           what the caller says; once for every turn
  --out FILE.wav       writes each call as it was heard: caller left, agent right
  --ring               places one call and exits: 0 if the agent was heard
  --help
`

const { values: options } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:5001' },
    'telnyx-port': { type: 'string', default: '5011' },
    'openai-port': { type: 'string', default: '5012' },
    'twilio-port': { type: 'string', default: '5013' },
    'deepgram-port': { type: 'string', default: '5014' },
    carrier: { type: 'string', default: 'telnyx' },
    from: { type: 'string', default: '+13125550100' },
    to: { type: 'string', default: '+13125550199' },
    say: { type: 'string', multiple: true, default: ['What are your opening hours?'] },
    out: { type: 'string' },
    ring: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

/** The same in every run, so that a server keeps the environment that it was once started with. */
const KEY_SEED = createHash('sha256').update('offhook development carrier').digest()

if (options.help) process.stdout.write(USAGE)
else if (!['telnyx', 'twilio'].includes(options.carrier)) {
  process.stderr.write('--carrier: expected telnyx or twilio\n')
  process.exitCode = 2
} else process.exitCode = await run()

/** Resolves with the exit code. */
async function run(): Promise<number> {
  const openai = await startRealtimeStandIn({
    port: Number(options['openai-port']),
    apiKey: 'sk-development'
  })
  const deepgram = await startDeepgramStandIn({
    port: Number(options['deepgram-port']),
    apiKey: 'dg-development'
  })
  const telnyx = await startTelnyxStandIn({
    port: Number(options['telnyx-port']),
    apiKey: 'KEY-development',
    keySeed: KEY_SEED,
    webhookUrl: `${options.server}/api/calls/telnyx/webhook`,
    routes: (app) =>
      addDevRoutes(app, (placed) => ({
        call_control_id: ring(telnyx.placeCall(placed)).call.callControlId
      }))
  })
  const twilio = await startTwilioStandIn({
    port: Number(options['twilio-port']),
    authToken: 'token-development',
    voiceUrl: `${options.server}/api/calls/twilio/voice`,
    statusUrl: `${options.server}/api/calls/twilio/status`,
    routes: (app) =>
      addDevRoutes(app, (placed) => ({ call_sid: ring(twilio.placeCall(placed)).call.callSid }))
  })
  const carrier = options.carrier === 'twilio' ? twilio : telnyx
  const caller = await DevCaller.create(options.say)
  narrate({ telnyx, twilio }, print)

  /** Has the caller talk on a call that was placed. */
  function ring<Call extends DevCall>(call: Call): { call: Call; heard: Promise<boolean> } {
    const heard = caller.talk(call).then((wasHeard) => {
      if (wasHeard && options.out) writeStereoWav(options.out, call)
      return wasHeard
    })
    return { call, heard }
  }

  const { from, to } = options
  print(environment({ telnyx, twilio, openai, deepgram }))
  const heard = options.ring
    ? await ring(carrier.placeCall({ from, to })).heard
    : await ringOnEnter(carrier.baseUrl, () => void ring(carrier.placeCall({ from, to })))
  await Promise.all([telnyx.webhooksSettled(), twilio.webhooksSettled()])
  await Promise.all([telnyx.close(), twilio.close(), openai.close(), deepgram.close()])
  return heard ? 0 : 1
}

/** Resolves with true at Ctrl-C, Ctrl-D or a signal to end. */
function ringOnEnter(baseUrl: string, ring: () => void): Promise<true> {
  const devCalls = new URL('/dev/calls', baseUrl)
  print(`Press Enter to ring the server, or POST {"from","to"} to ${devCalls}`)
  const input = createInterface({ input: process.stdin })
  input.on('line', ring)
  return new Promise((resolve) => {
    const end = () => {
      input.close()
      resolve(true)
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
    // Without a terminal there is no end of input to wait for: the service goes on until it is told to stop.
    if (process.stdin.isTTY) input.once('close', end)
  })
}

interface Placed {
  readonly from?: string
  readonly to?: string
}

/** `place` returns the call's id under the carrier's own name for it. */
function addDevRoutes(app: FastifyInstance, place: (placed: Placed) => Record<string, string>): void {
  app.post<{ Body: Placed | null }>('/dev/calls', (request) => {
    const { from = options.from, to = options.to } = request.body ?? {}
    return place({ from, to })
  })
}

function environment({
  telnyx,
  twilio,
  openai,
  deepgram
}: {
  telnyx: TelnyxStandIn
  twilio: TwilioStandIn
  openai: { url: string; apiKey: string }
  deepgram: { url: string; apiKey: string }
}): string {
  const variables = {
    TELNYX_API_KEY: telnyx.apiKey,
    TELNYX_PUBLIC_KEY: telnyx.publicKey,
    TELNYX_APPLICATION_ID: telnyx.applicationId,
    TELNYX_BASE_URL: telnyx.baseUrl,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_BASE_URL: twilio.baseUrl,
    SERVER_URL: options.server,
    OPENAI_API_KEY: openai.apiKey,
    OPENAI_BASE_URL: openai.url,
    DEEPGRAM_API_KEY: deepgram.apiKey,
    DEEPGRAM_BASE_URL: deepgram.url
  }
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`)
  return ['# Start the server with:', ...lines, ''].join('\n')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
