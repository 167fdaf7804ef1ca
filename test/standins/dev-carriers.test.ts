import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, it } from 'node:test'
import alawmulaw from 'alawmulaw'
import Telnyx from 'telnyx'
import twilio from 'twilio'
import wavefile from 'wavefile'
import { sine, toneSnrDb } from '../support/tone.ts'
import { until } from '../support/until.ts'
import { type BareServer, startBareServer } from './telnyx/bare-server.ts'
import { BareServer as TwilioServer } from './twilio/bare-server.ts'

const PROGRAM = path.join(import.meta.dirname, 'dev-carriers.ts')

describe('dev:carriers', () => {
  let server: BareServer
  let program: ChildProcess
  let folder: string

  beforeEach(async () => {
    server = await startBareServer()
    folder = await mkdtemp(path.join(tmpdir(), 'dev-carriers-'))
  })

  afterEach(async () => {
    program.kill()
    await server.close()
    await rm(folder, { recursive: true })
  })

  /** Resolves with the environment that it prints. */
  async function start(...args: string[]): Promise<Record<string, string>> {
    const origin = new URL(server.webhookUrl).origin
    const ports = [
      '--telnyx-port',
      '0',
      '--openai-port',
      '0',
      '--twilio-port',
      '0',
      '--deepgram-port',
      '0',
      '--server',
      origin
    ]
    program = spawn(process.execPath, [PROGRAM, ...ports, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const environment: Record<string, string> = {}
    for await (const line of createInterface({ input: program.stdout! })) {
      const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? []
      if (name) environment[name] = value!
      else if (Object.keys(environment).length > 0) break
    }
    program.stdout!.resume()
    return environment
  }

  async function exitCode(): Promise<number | null> {
    if (program.exitCode === null) await once(program, 'exit')
    return program.exitCode
  }

  function client(environment: Record<string, string>): Telnyx {
    const { TELNYX_API_KEY, TELNYX_BASE_URL, TELNYX_PUBLIC_KEY } = environment
    return new Telnyx({ apiKey: TELNYX_API_KEY!, baseURL: TELNYX_BASE_URL!, publicKey: TELNYX_PUBLIC_KEY! })
  }

  it('rings the server, hears the agent, writes the call as stereo and exits with 0', async () => {
    const out = path.join(folder, 'call.wav')
    const environment = await start('--ring', '--say', 'Hello', '--out', out)
    const telnyx = client(environment)
    const [initiated] = await server.waitForWebhooks('call.initiated')
    const headers = initiated!.headers as Record<string, string>
    await telnyx.webhooks.unwrap(initiated!.rawBody, { headers })
    const id = String(initiated!.payload.call_control_id)
    await telnyx.calls.actions.answer(id, {})
    await server.waitForWebhooks('call.answered')
    await telnyx.calls.actions.startStreaming(id, {
      stream_url: server.streamUrl,
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_target_legs: 'self'
    })
    await server.waitForFrames('start')
    const greeting = sine({ frequencyHz: 440, sampleRate: 8000, ms: 500 })
    server.sendMedia(alawmulaw.mulaw.encode(greeting))
    await server.waitForFrames('media', 150)
    await telnyx.calls.actions.hangup(id, {})
    assert.equal(await exitCode(), 0)

    const wav = new wavefile.WaveFile(await readFile(out))
    const [caller, agent] = wav.getSamples(false, Int16Array) as unknown as [Int16Array, Int16Array]
    assert.equal(caller.length, agent.length)
    const start8k = agent.findIndex((sample) => sample !== 0)
    assert.ok(toneSnrDb(agent.subarray(start8k, start8k + 3900), 8000, 440) > 30)
    const saidAt = caller.findIndex((sample) => Math.abs(sample) > 500)
    assert.ok(
      saidAt > start8k + 4000 + 8000 - 400,
      `said at sample ${saidAt}, after the greeting and a pause`
    )
  })

  it('rings as Twilio does with --carrier twilio', async () => {
    const twilioServer = new TwilioServer()
    await twilioServer.listen()
    twilioServer.reply = () => twilioServer.connect
    try {
      const environment = await start(
        '--ring',
        '--carrier',
        'twilio',
        '--server',
        `http://${twilioServer.host}`
      )
      assert.match(environment.TWILIO_ACCOUNT_SID, /^AC[0-9a-f]{32}$/)
      await until(() => twilioServer.of('media').length > 0, 'the caller’s audio')
      const [{ signature, params }] = twilioServer.webhooks
      const url = `http://${twilioServer.host}/api/calls/twilio/voice`
      assert.ok(twilio.validateRequest(environment.TWILIO_AUTH_TOKEN, signature, url, params))
      const greeting = alawmulaw.mulaw.encode(sine({ frequencyHz: 440, sampleRate: 8000, ms: 300 }))
      const media = { payload: Buffer.from(greeting).toString('base64') }
      twilioServer.send({ event: 'media', streamSid: twilioServer.of('start')[0].streamSid, media })
      await until(() => twilioServer.of('media').length > 40, 'the greeting to be over')
      twilioServer.socket?.close()
      assert.equal(await exitCode(), 0)
    } finally {
      await twilioServer.close()
    }
  })

  it('exits with 1 when the server declines the call', async () => {
    const environment = await start('--ring')
    const [initiated] = await server.waitForWebhooks('call.initiated')
    const id = String(initiated!.payload.call_control_id)
    await client(environment).calls.actions.reject(id, { cause: 'USER_BUSY' })
    assert.equal(await exitCode(), 1)
  })

  it('rings by POST /dev/calls, with the same public key as in the last run', async () => {
    const environment = await start()
    const from = '+4930555000'
    const response = await fetch(new URL('/dev/calls', environment.TELNYX_BASE_URL), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from })
    })
    const { call_control_id } = (await response.json()) as { call_control_id: string }
    const [initiated] = await server.waitForWebhooks('call.initiated')
    assert.deepEqual([initiated!.payload.call_control_id, initiated!.payload.from], [call_control_id, from])
    program.kill()
    await exitCode()
    const again = await start()
    assert.equal(again.TELNYX_PUBLIC_KEY, environment.TELNYX_PUBLIC_KEY)
  })
})
