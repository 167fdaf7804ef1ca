import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { SILENCE_BYTE } from '../../../../audio/format.ts'
import { MULAW_TO_LINEAR } from '../../../../audio/g711.ts'
import { CallError } from '../../../../sessions/errors.ts'
import { startRealtimeStandIn } from '../../../standins/openai/realtime-stand-in.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { EngineRig } from './engine-rig.ts'

const NEVER = new AbortController().signal

describe('the connection to the realtime service', () => {
  const rigs: EngineRig[] = []

  async function make(...options: Parameters<typeof EngineRig.make>): Promise<EngineRig> {
    const rig = await EngineRig.make(...options)
    rigs.push(rig)
    return rig
  }

  async function refusal(rig: EngineRig, signal = NEVER): Promise<[string, string | null, boolean]> {
    const error: unknown = await rig.engine.connect(signal).then(
      () => assert.fail('it connected'),
      (reason) => reason
    )
    assert.ok(error instanceof CallError)
    return [error.code, error.detail, error.retryable]
  }

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  it('fails for good on a wrong key, and for now on a busy service', async () => {
    const clock = new ManualClock()
    const wrongKey = await make({}, { apiKey: 'sk-wrong', clock })
    assert.deepEqual(await refusal(wrongKey), ['ENGINE_CONNECT', 'http_401', false])
    assert.equal(clock.pending, 0)
    for (const status of [429, 500, 503]) {
      const busy = await make({ refuse: () => status })
      assert.deepEqual(await refusal(busy), ['ENGINE_CONNECT', `http_${status}`, true])
    }
  })

  it('fails for now where nobody listens, and for good at an address that is none', async () => {
    const standIn = await startRealtimeStandIn()
    await standIn.close()
    const nobody = await make(standIn)
    assert.deepEqual(await refusal(nobody), ['ENGINE_CONNECT', 'ECONNREFUSED', true])
    const nowhere = await make(standIn, { baseUrl: 'nowhere' })
    assert.deepEqual(await refusal(nowhere), ['ENGINE_CONNECT', 'invalid_address', false])
  })

  for (const handshake of ['silent', 'no_update'] as const) {
    it(`gives up at its deadline on a session that stays ${handshake}`, async () => {
      const clock = new ManualClock()
      const rig = await make({ handshake }, { clock, connectDeadlineMs: 700 })
      const failing = refusal(rig)
      const session = await rig.standIn.waitForSession(1)
      if (handshake === 'no_update') await session.waitFor('session.update')
      clock.advance(699)
      assert.equal(session.closed, false)
      clock.advance(1)
      assert.deepEqual(await failing, ['ENGINE_CONNECT', 'timeout', true])
      assert.equal(clock.pending, 0)
    })
  }

  it('fails for good when the service refuses the configuration', async () => {
    const rig = await make({}, { voice: 42 as unknown as string })
    assert.deepEqual(await refusal(rig), ['ENGINE_CONNECT', 'invalid_type', false])
  })

  it('stops connecting when the call ends', async () => {
    const rig = await make({ handshake: 'silent' })
    const call = new AbortController()
    const failing = refusal(rig, call.signal)
    await rig.standIn.waitForSession(1)
    call.abort()
    assert.deepEqual(await failing, ['ENGINE_CONNECT', 'aborted', false])
    assert.deepEqual(await refusal(await make(), AbortSignal.abort()), ['ENGINE_CONNECT', 'aborted', false])
  })

  it('rejects where the engine is closed while connecting', async () => {
    const rig = await make({ handshake: 'silent' })
    const failing = refusal(rig)
    rig.engine.close()
    assert.deepEqual(await failing, ['ENGINE_CONNECT', 'closed', false])
    assert.deepEqual(await refusal(rig), ['ENGINE_CONNECT', 'closed', false])
  })

  it('speaks TLS to an https address', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const hello = once(server, 'connection').then(async ([socket]) => {
      const [bytes] = await once(socket, 'data')
      socket.destroy()
      return bytes[0]
    })
    const rig = await make({}, { baseUrl: `https://127.0.0.1:${port}/v1` })
    const [code, , retryable] = await refusal(rig)
    assert.deepEqual([code, retryable], ['ENGINE_CONNECT', true])
    assert.equal(await hello, 0x16, 'a TLS handshake record')
    server.close()
  })

  it('is lost once, retryably, when the socket breaks or the session expires', async () => {
    for (const [fault, detail] of [
      ['terminate', 'closed_1006'],
      ['expire', 'session_expired'],
      ['close', 'closed_1000']
    ] as const) {
      const rig = await make()
      await rig.engine.connect(NEVER)
      rig.session[fault]()
      const error = await rig.waitFor('failed')
      assert.deepEqual([error.code, error.detail, error.retryable], ['ENGINE_UNAVAILABLE', detail, true])
      rig.engine.say('Anyone?')
      rig.speak(100)
      await rig.session.until(() => rig.session.closed, 'the socket to close').catch(() => undefined)
      assert.equal(rig.eventsOf('failed').length, 1)
    }
  })

  it('is lost when the service answers no ping, and kept while it does', async () => {
    const clock = new ManualClock()
    const deaf = await make({ pong: false }, { clock })
    await deaf.engine.connect(NEVER)
    clock.advance(29_999)
    assert.deepEqual(deaf.eventsOf('failed'), [])
    clock.advance(1)
    assert.equal((await deaf.waitFor('failed')).detail, 'no_pong')
    assert.equal(clock.pending, 0)
  })

  /** A response has begun, and the service says no more of it. */
  async function stalled(clock: ManualClock): Promise<EngineRig> {
    const rig = await make({ script: () => ({ delayMs: 600_000 }) }, { clock })
    await rig.engine.connect(NEVER)
    rig.engine.greet()
    await rig.session.until(() => rig.session.sentCount('response.created') === 1, 'a response')
    return rig
  }

  /** The service transcribes another utterance, which says nothing of its response, and the engine has heard it. */
  async function transcribe(rig: EngineRig): Promise<void> {
    const heard = rig.eventsOf('callerTranscript').length
    rig.session.send({
      type: 'conversation.item.input_audio_transcription.completed',
      ...{ item_id: `hello_${heard}`, content_index: 0, transcript: 'Hello?' },
      usage: { type: 'duration', seconds: 1 }
    })
    await rig.waitFor('callerTranscript', heard + 1)
  }

  it('is lost where nothing comes of a response for 8 s, though its socket lives', async () => {
    const clock = new ManualClock()
    const rig = await stalled(clock)
    await transcribe(rig)
    clock.advance(7_999)
    await transcribe(rig)
    assert.deepEqual(rig.eventsOf('failed'), [])
    clock.advance(1)
    const { code, detail, retryable } = await rig.waitFor('failed')
    assert.deepEqual([code, detail, retryable], ['ENGINE_UNAVAILABLE', 'response_stalled', true])
    assert.equal(clock.pending, 0)
  })

  it('is kept while a response is being made, however slowly', async () => {
    const clock = new ManualClock()
    const rig = await stalled(clock)
    const at = { response_id: 'r', item_id: 'i', output_index: 0, content_index: 0 }
    const signs = [
      { type: 'response.function_call_arguments.delta', ...at, call_id: 'c', delta: '{' },
      { type: 'response.output_audio_transcript.delta', ...at, delta: 'Hel' },
      { type: 'response.output_audio.delta', ...at, delta: '/////w==' }
    ] as const
    for (const sign of signs) {
      clock.advance(6_000)
      rig.session.send(sign)
      await transcribe(rig)
    }
    clock.advance(6_000)
    assert.deepEqual(rig.eventsOf('failed'), [])
  })

  it('is asked, once, for the rest of a reply that the service fails in its middle', async () => {
    const failure = { type: 'server_error', code: 'inference_failed' }
    const half = { transcript: 'We are open from', audio: { toneHz: 440, ms: 400 }, failure }
    const rig = await make({ script: () => half })
    await rig.engine.connect(NEVER)
    rig.engine.greet()
    await rig.waitFor('replyDone', 2)
    rig.engine.say('Anything else?')
    await rig.waitFor('replyDone', 3)
    const asked = rig.session
      .eventsOf('response.create')
      .map(({ response }) => String(response?.instructions))
    assert.equal(asked.length, 3)
    assert.match(asked[1], /Go on from exactly where you stopped/)
    assert.match(asked[2], /Anything else/)
    assert.deepEqual(rig.eventsOf('failed'), [])
  })

  it('is lost where three responses in a row come to nothing', async () => {
    const clock = new ManualClock()
    const failure = { type: 'server_error', code: 'inference_failed' }
    const rig = await make({ script: () => ({ failure }) }, { clock })
    await rig.engine.connect(NEVER)
    rig.engine.greet()
    for (let failures = 1; failures <= 3; failures++) {
      await rig.waitFor('trouble', failures)
      clock.advance(1000)
    }
    assert.deepEqual(rig.troubles, ['inference_failed', 'inference_failed', 'inference_failed'])
    const { code, detail, retryable } = await rig.waitFor('failed')
    assert.deepEqual([code, detail, retryable], ['ENGINE_UNAVAILABLE', 'responses_failed', true])
  })

  it('drops caller audio rather than piling it up, and says so once', async () => {
    const rig = await make()
    await rig.engine.connect(NEVER)
    rig.session.pause()
    const frame = new Uint8Array(1600).fill(SILENCE_BYTE.pcmu)
    let sent = 0
    while (rig.troubles.length === 0 && sent < 100_000) {
      rig.engine.sendAudio(frame)
      sent += 1
    }
    for (let i = 0; i < 100; i++) rig.engine.sendAudio(frame)
    assert.deepEqual(rig.troubles, ['send_buffer_full'])
    rig.session.resume()
    await rig.session.until(() => rig.session.receivedMs >= sent * 100 - 200, 'what was not dropped')
    rig.engine.greet()
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.eventsOf('failed'), [])
  })

  it('keeps the audio of calls apart whose service takes it slowly', async () => {
    const rigs = [await make(), await make(), await make()]
    for (const rig of rigs) await rig.engine.connect(NEVER)
    for (const { session } of rigs) session.pause()
    const sent: Buffer[][] = rigs.map(() => [])
    // Of one size, and each its own: a frame of one call in another's memory would be found.
    while (rigs.some(({ troubles }) => troubles.length === 0))
      for (const [call, { engine, troubles }] of rigs.entries()) {
        if (troubles.length > 0) continue
        const frame = Buffer.alloc(1600, call * 80 + (sent[call].length % 79))
        frame[1599] = sent[call].length % 251
        engine.sendAudio(frame)
        sent[call].push(frame)
      }
    for (const [call, { session }] of rigs.entries()) {
      // What brought the trouble was dropped.
      const codes = Buffer.concat(sent[call].slice(0, -1))
      session.resume()
      await session.until(() => session.receivedMs === codes.length / 8, 'all that was sent')
      assert.ok(session.receivedAudio.every((sample, at) => sample === MULAW_TO_LINEAR[codes[at]]))
    }
  })

  it('leaves no socket and no timer behind', async () => {
    const clock = new ManualClock()
    const rig = await make({}, { clock })
    await until(() => sockets() === 0)
    await rig.engine.connect(NEVER)
    rig.engine.sendDigit('1')
    assert.equal(sockets(), 2, 'its own and the service’s')
    assert.ok(clock.pending > 0)
    rig.engine.close()
    await until(() => sockets() === 0 && clock.pending === 0)
  })
})

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited in vain with ${sockets()} sockets`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
