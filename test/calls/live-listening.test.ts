import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { freePort } from '../support/free-port.ts'
import { Listener, throughPcmu } from '../support/listener.ts'
import { fitTone } from '../support/tone.ts'
import { until } from '../support/until.ts'

const TOKEN = 'operator-token-of-the-tests'
const GREETING_MS = 1000
const REPLIES = [
  { transcript: 'Hello.', audio: { toneHz: 997, ms: GREETING_MS } },
  { transcript: 'A long answer that somebody cuts.', audio: { toneHz: 613, ms: 8000 } },
  {
    transcript: 'Goodbye.',
    audio: { toneHz: 1403, ms: 600 },
    functionCalls: [{ name: 'end_call', arguments: '{}' }]
  }
]
/** The caller's frames come every 20 ms, and a timer may be one late on a busy machine. */
const TOLERANCE_MS = 40

const rigOptions = (env: Record<string, string> = {}) => ({
  env,
  realtime: {
    script: ({ index }: { index: number }) => REPLIES[Math.min(index, REPLIES.length - 1)],
    transcribe: (utterance: number) => `utterance ${utterance}`
  }
})

function listenTo(rig: CallRig, query: string): Promise<Listener> {
  const url = rig.server.url.replace('http', 'ws')
  return new Listener(`${url}/frontend-audio?token=${TOKEN}&${query}`).opened()
}

interface Stretch {
  readonly from: number
  readonly samples: Int16Array
}

/** Sound between silences of at least 100 ms. */
function stretches(samples: Int16Array): Stretch[] {
  const found: { from: number; to: number }[] = []
  samples.forEach((sample, at) => {
    if (Math.abs(sample) < 8) return
    const last = found.at(-1)
    if (last && at - last.to < 800) last.to = at
    else found.push({ from: at, to: at })
  })
  return found.map(({ from, to }) => ({ from, samples: samples.subarray(from, to + 1) }))
}

describe('listening to a call in PCMU', { timeout: 300_000 }, () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig(rigOptions())
  })
  after(() => rig.close())

  it('gives what the caller said and heard, sample for sample, over an interruption, to the end', async (test) => {
    const listener = await listenTo(rig, 'track=both')
    test.after(() => listener.close())
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(GREETING_MS, 15_000)
    call.sayTone(440, 700)
    await call.waitForHeard(GREETING_MS + 1500, 15_000)
    call.sayTone(500, 800)
    await call.waitFor('clear')
    await call.waitFor('ended', 20_000)
    await until(() => listener.of('stop').length === 1, 'the stop')

    const spoken = throughPcmu(call.spoken)
    const inbound = listener.track('inbound')
    assert.ok(inbound.length >= spoken.length - 3200, 'the listener heard the caller to the end')
    assert.deepEqual(inbound, spoken.subarray(0, inbound.length))

    const heard = stretches(call.heard)
    const listened = stretches(listener.track('outbound'))
    assert.deepEqual([heard.length, listened.length], [3, 3])
    assert.deepEqual(listened[0].samples, heard[0].samples)
    assert.deepEqual(listened[2].samples, heard[2].samples)
    const [cut, cutHere] = [heard[1].samples, listened[1].samples]
    const offBy = Math.abs(cut.length - cutHere.length) / 8
    assert.ok(offBy <= TOLERANCE_MS, `cut ${offBy} ms from where the caller's was`)
    const both = Math.min(cut.length, cutHere.length)
    assert.deepEqual(cutHere.subarray(0, both), cut.subarray(0, both))
    for (const [i, { from }] of heard.entries()) {
      const lateMs = Math.abs(listened[i].from - from) / 8
      assert.ok(lateMs <= TOLERANCE_MS, `stretch ${i} is ${lateMs} ms from where the caller heard it`)
    }
  })
})

describe('listening to a call in L16 at 24 kHz', { timeout: 300_000 }, () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig(rigOptions({ TELNYX_STREAM_CODEC: 'L16', TELNYX_STREAM_SAMPLE_RATE: '24000' }))
  })
  after(() => rig.close())

  it('gives both sides in PCMU at 8 kHz, no worse than the conversion makes them', async (test) => {
    const listener = await listenTo(rig, 'track=both')
    test.after(() => listener.close())
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(GREETING_MS, 15_000)
    call.sayTone(440, 700)
    await call.waitForHeard(GREETING_MS + 500, 15_000)
    call.hangUp()
    await until(() => listener.of('stop').length === 1, 'the stop')
    const [greeting] = stretches(listener.track('outbound'))
    const [said] = stretches(listener.track('inbound'))
    assert.ok(Math.abs(greeting.samples.length / 8 - GREETING_MS) <= 20)
    assert.ok(Math.abs(said.samples.length / 8 - 700) <= 20)
    for (const [samples, toneHz] of [[greeting.samples, 997] as const, [said.samples, 440] as const]) {
      const { snrDb } = fitTone(samples.subarray(400, -400), 8000, toneHz)
      assert.ok(snrDb > 33, `${toneHz} Hz at ${snrDb.toFixed(1)} dB`)
    }
  })
})

describe('listening where front ends want ports of their own', { timeout: 300_000 }, () => {
  it('serves the same endpoints there, at any path, until the server stops', async (test) => {
    const [events, stream, audio] = [await freePort(), await freePort(), await freePort()]
    const rig = await startCallRig(
      rigOptions({
        WS_CALL_EVENTS_PORT: String(events),
        WS_AUDIO_STREAM_PORT: String(stream),
        WS_FRONTEND_AUDIO_PORT: String(audio)
      })
    )
    const listeners: Listener[] = []
    const listen = async (address: string): Promise<Listener> => {
      const listener = new Listener(`ws://127.0.0.1:${address}`)
      listeners.push(listener)
      return listener
    }
    test.after(async () => {
      for (const listener of listeners) listener.close()
      await rig.close()
    })
    const onEvents = await listen(`${events}/?token=${TOKEN}`)
    const onStream = await (await listen(`${stream}/anything?token=${TOKEN}`)).opened()
    const onAudio = await (await listen(`${audio}/a/b?token=${TOKEN}&track=outbound`)).opened()
    assert.equal(onStream.messages[0].version, '1.0.0')
    assert.equal(await statusOf(`ws://127.0.0.1:${audio}/?token=wrong`), 401)
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(200, 15_000)
    await until(() => onAudio.of('media').some(({ media }) => media.track === 'outbound'), 'the agent')
    await until(() => onStream.of('media').some(({ media }) => media.track === 'inbound'), 'the caller')
    const types = () => onEvents.messages.map((message) => (message as unknown as { type: string }).type)
    await until(() => types().includes('call.answered'), 'the events')
    await rig.server.stop()
    await until(() => onAudio.socket.readyState === WebSocket.CLOSED, 'the end of the listener')
    await assert.rejects(statusOf(`ws://127.0.0.1:${audio}/?token=${TOKEN}`), { code: 'ECONNREFUSED' })
  })
})

describe('listening to one of two calls', { timeout: 300_000 }, () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig(rigOptions())
  })
  after(() => rig.close())

  it('gives that one alone, by the id that the carrier knows it by', async (test) => {
    const calls = [rig.telnyx.placeCall(), rig.telnyx.placeCall()]
    await Promise.all(calls.map((call) => call.waitForHeard(GREETING_MS, 15_000)))
    const listener = await listenTo(rig, `call_id=${encodeURIComponent(calls[1].callControlId)}`)
    test.after(() => listener.close())
    await until(() => listener.of('start').length === 1, 'the start')
    calls[0].sayTone(440, 400)
    calls[1].sayTone(550, 400)
    await until(() => stretches(listener.track('inbound'))[0]?.samples.length >= 3000, 'the caller')
    const { snrDb } = fitTone(stretches(listener.track('inbound'))[0].samples.subarray(400, 2400), 8000, 550)
    assert.ok(snrDb > 33, `the second caller at ${snrDb.toFixed(1)} dB`)
    assert.equal(new Set(listener.of('media').map(({ stream_id }) => stream_id)).size, 1)
    for (const call of calls) call.hangUp()
    await until(() => listener.of('stop').length === 1, 'the stop')
  })
})

function statusOf(url: string): Promise<number> {
  const socket = new WebSocket(url)
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    socket.on('error', reject)
  })
}

describe('a hundred listeners to one call', { timeout: 300_000 }, () => {
  const LISTENERS = 100
  let rig: CallRig

  before(async () => {
    rig = await startCallRig(rigOptions())
  })
  after(() => rig.close())

  it('hear the same, and the caller hears what they would hear without them', async (test) => {
    const listeners = await Promise.all(Array.from({ length: LISTENERS }, () => listenTo(rig, 'track=both')))
    test.after(() => {
      for (const listener of listeners) listener.close()
    })
    const call = rig.telnyx.placeCall()
    await call.waitForHeard(GREETING_MS, 15_000)
    const [greeting] = stretches(call.heard)
    assert.equal(Math.round(greeting.samples.length / 80) * 10, GREETING_MS, 'the greeting has no gap in it')
    const listened = () => stretches(listeners[0].track('outbound'))[0]?.samples.length ?? 0
    await until(() => listened() >= greeting.samples.length, 'the greeting, as it is played')
    call.hangUp()
    await until(() => listeners.every((listener) => listener.of('stop').length === 1), 'every stop')
    const heard = listeners.map((listener) => listener.of('media').map(({ media }) => media))
    for (const each of heard) assert.deepEqual(each, heard[0])
    assert.deepEqual(stretches(listeners[0].track('outbound'))[0].samples, greeting.samples)
  })
})
