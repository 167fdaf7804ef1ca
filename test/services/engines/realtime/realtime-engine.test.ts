import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import {
  type AudioFormat,
  PCM16_16K,
  PCM16_24K,
  PCMA_8K,
  PCMU_8K,
  sameFormat
} from '../../../../audio/format.ts'
import { startRealtimeStandIn } from '../../../standins/openai/realtime-stand-in.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { testProfile } from '../../../support/session-rig.ts'
import { toneSnrDb } from '../../../support/tone.ts'
import { codecOf, EngineRig } from './engine-rig.ts'

const TONE_HZ = 440
const say = (transcript: string, ms = 400) => ({ transcript, audio: { toneHz: TONE_HZ, ms } })

describe('the realtime engine', () => {
  const rigs: EngineRig[] = []

  async function connected(...options: Parameters<typeof EngineRig.connected>): Promise<EngineRig> {
    const rig = await EngineRig.connected(...options)
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    const departures = rigs.flatMap((rig) => rig.standIn.sessions.flatMap(({ invalidSent }) => invalidSent))
    for (const rig of rigs.splice(0)) await rig.close()
    assert.deepEqual(departures, [])
  })

  it('configures the session before any audio', async () => {
    const tools = [{ name: 'clock', description: 'Tells the time.', parameters: { type: 'object' } }]
    const rig = await connected({}, { tools })
    rig.speak(100)
    await rig.session.waitFor('input_audio_buffer.append', 5)
    const [first, ...rest] = rig.session.events
    assert.ok(first.event.type === 'session.update' && first.event.session.type === 'realtime')
    assert.equal(rest.length, 5)
    const { session } = first.event
    assert.equal(session.instructions, 'Be brief.')
    assert.deepEqual(session.output_modalities, ['audio'])
    assert.deepEqual(session.tools, [{ type: 'function', ...tools[0] }])
    assert.deepEqual(session.audio?.output, { format: { type: 'audio/pcmu' }, voice: 'marin' })
    assert.equal(session.audio?.input?.transcription?.language, 'en')
    assert.deepEqual(rig.troubles, [])
  })

  const formats: [AudioFormat, 'auto' | 'pcm', AudioFormat, object][] = [
    [PCMU_8K, 'auto', PCMU_8K, { type: 'audio/pcmu' }],
    [PCMA_8K, 'auto', PCMA_8K, { type: 'audio/pcma' }],
    [PCM16_24K, 'auto', PCM16_24K, { type: 'audio/pcm', rate: 24_000 }],
    [PCM16_16K, 'auto', PCM16_24K, { type: 'audio/pcm', rate: 24_000 }],
    [PCMU_8K, 'pcm', PCM16_24K, { type: 'audio/pcm', rate: 24_000 }]
  ]
  for (const [call, audio, expected, onWire] of formats) {
    it(`speaks ${expected.encoding} with a call in ${call.encoding}/${call.sampleRate} (${audio}), unharmed both ways`, async () => {
      const rig = await connected({ script: () => say('Hello.') }, { format: call, audio })
      assert.ok(sameFormat(rig.engine.inputFormat, expected) && sameFormat(rig.engine.outputFormat, expected))
      assert.deepEqual(rig.session.config.audio?.input?.format, onWire)
      assert.deepEqual(rig.session.config.audio?.output?.format, onWire)
      rig.engine.greet()
      const { replyId } = await rig.waitFor('replyDone')
      rig.speak(200)
      await rig.session.until(() => rig.session.receivedMs === 200, 'the caller')
      assert.equal(rig.receivedMs(replyId), 400)
      const agent = codecOf(expected).decode(rig.audioOf(replyId))
      assert.ok(toneSnrDb(agent, expected.sampleRate, TONE_HZ) > 30)
      assert.equal(rig.session.receivedMs, 200)
      assert.ok(toneSnrDb(rig.session.receivedAudio, expected.sampleRate, 300) > 30)
    })
  }

  it('waits longer for the end of a turn where it is asked to, and changes nothing else', async () => {
    const rig = await connected()
    const before = rig.session.config
    rig.engine.setPatience(800)
    await rig.session.waitFor('session.update', 2)
    const silenceMs = () => {
      const detection = rig.session.config.audio?.input?.turn_detection
      return detection?.type === 'server_vad' ? detection.silence_duration_ms : undefined
    }
    assert.equal(silenceMs(), 1300)
    rig.engine.setPatience(0)
    await rig.session.waitFor('session.update', 3)
    assert.deepEqual(rig.session.config, before)
  })

  it('tells the model what it may call from now on, also where that came while it connected', async () => {
    const tool = (name: string) => ({ name, description: 'Does it.', parameters: { type: 'object' } })
    const rig = await EngineRig.make({}, { tools: [tool('first')] })
    rigs.push(rig)
    const connecting = rig.engine.connect(new AbortController().signal)
    rig.engine.setTools([tool('first'), tool('second')])
    await connecting
    await rig.session.waitFor('session.update', 2)
    const names = () => rig.session.config.tools?.map((each) => 'name' in each && each.name)
    assert.deepEqual(names(), ['first', 'second'])
    rig.engine.setTools([tool('third')])
    await rig.session.waitFor('session.update', 3)
    assert.deepEqual(names(), ['third'])
    assert.equal(rig.session.config.instructions, 'Be brief.')
  })

  it('greets first, word for word, as one reply', async () => {
    const rig = await connected({ script: ({ instructions }) => say(instructions ?? '') })
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    const text = rig.eventsOf('agentTranscript').map(({ delta }) => delta)
    assert.match(text.join(''), /word for word.*"Good day, this is Offhook\."/)
    assert.equal(rig.session.eventsOf('response.create').length, 1)
    assert.ok(rig.eventsOf('audio').every((audio) => audio.replyId === replyId))
  })

  it('tells when the caller speaks and stops, and what was said, however late', async () => {
    const rig = await connected({ transcribe: (n) => (n === 1 ? 'Hello?' : null), transcriptionDelayMs: 400 })
    rig.speak(300)
    rig.beSilent(600)
    const { utteranceId } = await rig.waitFor('callerSpeechStarted')
    assert.deepEqual(await rig.waitFor('callerSpeechStopped'), { utteranceId })
    assert.deepEqual(await rig.waitFor('callerTranscript'), { utteranceId, text: 'Hello?' })
    const order = rig.happened.map(({ type }) => type)
    assert.ok(
      order.indexOf('audio') < order.indexOf('callerTranscript'),
      'the reply did not wait for the text'
    )
    rig.speak(300)
    rig.beSilent(600)
    const second = await rig.waitFor('callerSpeechStarted', 2)
    assert.deepEqual(await rig.waitFor('callerTranscript', 2), { utteranceId: second.utteranceId, text: '' })
    const stt = rig
      .eventsOf('usage')
      .flat()
      .filter(({ kind }) => kind === 'stt')
    assert.equal(stt.find(({ unit }) => unit === 'audio_input_token')?.quantity, 8)
  })

  it('never has two responses active: what is said meanwhile is said next, in order', async () => {
    const rig = await connected({
      script: ({ instructions }) => say(instructions?.match(/"(.*)"/)?.[1] ?? '')
    })
    rig.engine.greet()
    rig.engine.say('First.')
    rig.engine.say('Second.')
    await rig.waitFor('replyDone', 3)
    const texts = Map.groupBy(rig.eventsOf('agentTranscript'), ({ replyId }) => replyId).values()
    assert.deepEqual(
      [...texts].map((pieces) => pieces.map(({ delta }) => delta).join('')),
      ['Good day, this is Offhook.', 'First.', 'Second.']
    )
    assert.deepEqual(rig.troubles, [])
  })

  it('asks again where the service began a response of its own first', async () => {
    const rig = await connected({ script: ({ trigger }) => say(trigger) })
    rig.speak(300)
    rig.beSilent(600)
    rig.engine.say('Please hold.')
    await rig.waitFor('replyDone', 2)
    assert.deepEqual(rig.troubles, ['conversation_already_has_active_response'])
    const text = rig.eventsOf('agentTranscript').map(({ delta }) => delta)
    assert.deepEqual(text, ['caller', 'client'])
  })

  it('whispers to the model alone', async () => {
    const rig = await connected({ script: ({ texts }) => say(texts.join()) })
    rig.engine.whisper('The caller is a regular.')
    const { item } = await rig.session.waitFor('conversation.item.create')
    assert.ok(item.type === 'message' && item.role === 'system')
    rig.engine.greet()
    await rig.waitFor('replyDone')
    assert.equal(rig.session.eventsOf('response.create').length, 1)
    assert.deepEqual(rig.troubles, [])
  })

  it('gathers keys until # or a pause, and lets the agent answer', async () => {
    const clock = new ManualClock()
    const rig = await connected({ script: ({ texts }) => say(texts.join()) }, { clock })
    for (const digit of '12#') rig.engine.sendDigit(digit)
    await rig.waitFor('replyDone')
    rig.engine.sendDigit('4')
    clock.advance(1000)
    rig.engine.sendDigit('5')
    clock.advance(1499)
    assert.equal(rig.session.eventsOf('conversation.item.create').length, 1)
    clock.advance(1)
    await rig.waitFor('replyDone', 2)
    const text = rig.eventsOf('agentTranscript').map(({ delta }) => delta)
    assert.equal(text.join(''), '[DTMF 12#][DTMF 45]')
  })

  it('reports usage with the cached tokens apart', async () => {
    const rig = await connected({ script: () => say('Hello.', 500) })
    const text_tokens = 100
    const input_token_details = {
      text_tokens,
      audio_tokens: 50,
      cached_tokens: 96,
      cached_tokens_details: { text_tokens: 64, audio_tokens: 32 }
    }
    const output_token_details = { text_tokens: 7, audio_tokens: 10 }
    const usage = { input_tokens: 150, output_tokens: 17, input_token_details, output_token_details }
    rig.session.send({ type: 'response.done', response: { id: 'r', status: 'completed', output: [], usage } })
    const records = await rig.waitFor('usage')
    assert.deepEqual(
      records.map(({ unit, quantity }) => [unit, quantity]),
      [
        ['text_input_token', 36],
        ['cached_text_input_token', 64],
        ['audio_input_token', 18],
        ['cached_audio_input_token', 32],
        ['text_output_token', 7],
        ['audio_output_token', 10]
      ]
    )
    const [{ provider, model, kind }] = records
    assert.deepEqual([provider, model, kind], ['openai', 'gpt-realtime-2.1', 'llm'])
  })

  it('survives errors and events that make no sense, and counts them', async () => {
    const rig = await connected()
    rig.session.sendError({ code: 'rate_limit_exceeded' })
    rig.session.sendRaw('{"type":"response.done"}')
    rig.session.sendRaw('{"type":"response.output_audio.delta","item_id":7,"response_id":[],"delta":{}}')
    rig.session.sendRaw('{"type":"something.new","x":1}')
    rig.session.sendRaw('null')
    rig.session.sendRaw('not JSON')
    const failed = { id: 'r', status: 'failed' as const, output: [] }
    const error = { type: 'server_error', code: 'inference_failed' }
    rig.session.send({
      type: 'response.done',
      response: { ...failed, status_details: { type: 'failed', error } }
    })
    rig.engine.greet()
    await rig.waitFor('replyDone')
    const malformed = rig.troubles.filter((code) => code === 'malformed_event').length
    assert.ok(malformed >= 3)
    assert.deepEqual(
      rig.troubles.filter((code) => code !== 'malformed_event'),
      ['rate_limit_exceeded', 'inference_failed']
    )
    assert.deepEqual(rig.eventsOf('failed'), [])
  })

  it('does nothing and says nothing after close', async () => {
    const rig = await connected({ script: () => say('A long story.', 20_000) })
    rig.engine.greet()
    await rig.waitFor('audio')
    rig.engine.close()
    const before = rig.happened.length
    rig.engine.close()
    rig.speak(100)
    rig.engine.say('More.')
    rig.engine.greet()
    rig.engine.whisper('x')
    rig.engine.sendDigit('#')
    rig.engine.interrupt([])
    rig.engine.returnToolResult('x', '', { reply: true })
    await rig.session.until(() => rig.session.closed, 'the socket to close').catch(() => undefined)
    assert.equal(rig.happened.length, before)
    assert.equal(rig.session.events.length, 2)
  })

  it('keeps two calls apart', async () => {
    const standIn = await startRealtimeStandIn({
      script: ({ sessionInstructions }) => say(sessionInstructions)
    })
    const profileOf = (instructions: string) => ({ profile: { ...profile(), instructions } })
    const one = await connected(standIn, profileOf('One.'))
    const two = await connected(standIn, profileOf('Two.'))
    one.engine.greet()
    two.engine.greet()
    await Promise.all([one.waitFor('replyDone'), two.waitFor('replyDone')])
    standIn.sessions[0].terminate()
    const failure = await one.waitFor('failed')
    assert.equal(failure.code, 'ENGINE_UNAVAILABLE')
    two.engine.say('Still here.')
    await two.waitFor('replyDone', 2)
    assert.equal(one.eventsOf('agentTranscript')[0].delta, 'One.')
    assert.equal(two.eventsOf('agentTranscript')[0].delta, 'Two.')
    assert.deepEqual(two.eventsOf('failed'), [])
    await standIn.close()
  })
})

function profile() {
  return { ...testProfile, name: 'Agent', instructions: '' }
}
