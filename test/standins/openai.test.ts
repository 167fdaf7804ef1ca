import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime'
import { WebSocket } from 'ws'
import { sine, toneSnrDb } from '../support/tone.ts'
import {
  type RealtimeStandIn,
  type RealtimeStandInOptions,
  startRealtimeStandIn
} from './openai/realtime-stand-in.ts'
import { codecOf } from './openai/session-audio.ts'
import type { StandInSession } from './openai/stand-in-session.ts'
import { Waiters } from './telnyx/waiters.ts'

const PCMU = { type: 'audio/pcmu' } as const
const TONE_HZ = 440

type ServerEvent<T extends RealtimeServerEvent['type']> = Extract<RealtimeServerEvent, { type: T }>

/** A bare client: what the stand-in sends is judged here without any SDK. */
class Client {
  readonly got: RealtimeServerEvent[] = []
  readonly socket: WebSocket
  readonly #waiters = new Waiters(() => `Got: ${this.got.map(({ type }) => type).join(', ')}`)

  constructor(standIn: RealtimeStandIn) {
    const url = `${standIn.url.replace('http', 'ws')}/realtime?model=gpt-realtime-2.1`
    this.socket = new WebSocket(url, { headers: { authorization: `Bearer ${standIn.apiKey}` } })
    this.socket.on('message', (data) => {
      this.got.push(JSON.parse(data.toString()))
      this.#waiters.check()
    })
  }

  send(event: object): void {
    this.socket.send(JSON.stringify(event))
  }

  append(samples: Int16Array, format: { type: 'audio/pcmu' } | { type?: undefined } = PCMU): void {
    const audio = codecOf(format).encode(samples).toString('base64')
    this.send({ type: 'input_audio_buffer.append', audio })
  }

  of<T extends RealtimeServerEvent['type']>(type: T): ServerEvent<T>[] {
    return this.got.filter((event): event is ServerEvent<T> => event.type === type)
  }

  waitFor<T extends RealtimeServerEvent['type']>(type: T, count = 1): Promise<ServerEvent<T>> {
    return this.#waiters.until(() => this.of(type)[count - 1], `${type} number ${count}`, 5000)
  }

  /** PCMU both ways, and transcription. */
  async configure(session: object = {}): Promise<void> {
    await this.waitFor('session.created')
    const transcription = { model: 'gpt-live-transcribe' }
    const turn_detection = { type: 'server_vad', silence_duration_ms: 500, create_response: true }
    const input = { format: PCMU, transcription, turn_detection }
    const audio = { input, output: { format: PCMU, voice: 'marin' } }
    this.send({ type: 'session.update', session: { type: 'realtime', audio, ...session } })
    await this.waitFor('session.updated')
  }

  /** The error that comes in answer to this event. */
  async refusal(event: object): Promise<ServerEvent<'error'>['error']> {
    const event_id = `ours-${this.got.length}`
    this.send({ ...event, event_id })
    const answer = () => this.of('error').find(({ error }) => error.event_id === event_id)
    return (await this.#waiters.until(answer, 'a refusal', 5000)).error
  }
}

function speech(ms: number): Int16Array {
  return sine({ frequencyHz: 300, sampleRate: 8000, ms })
}

function silence(ms: number): Int16Array {
  return new Int16Array(ms * 8)
}

describe('the OpenAI Realtime stand-in', () => {
  let standIn: RealtimeStandIn | undefined

  async function open(options: RealtimeStandInOptions = {}): Promise<[Client, StandInSession]> {
    standIn = await startRealtimeStandIn({ validate: true, ...options })
    const coming = standIn.waitForSession()
    const client = new Client(standIn)
    return [client, await coming]
  }

  afterEach(async () => {
    const departures = standIn?.sessions.flatMap(({ invalidSent }) => invalidSent)
    await standIn?.close()
    assert.deepEqual(departures ?? [], [], 'its own events depart from the published schema')
    standIn = undefined
  })

  it('refuses a wrong key with 401, and a connection without a model with 400', async () => {
    standIn = await startRealtimeStandIn({ apiKey: 'right' })
    for (const [query, key, status] of [
      ['?model=m', 'wrong', 401],
      ['', 'right', 400]
    ]) {
      const url = `${standIn.url.replace('http', 'ws')}/realtime${query}`
      const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } })
      const [error] = await once(socket, 'error')
      assert.match(error.message, new RegExp(`${status}`))
    }
    assert.equal(standIn.sessions.length, 0)
  })

  it('refuses what the service refuses, naming the parameter and the event', async () => {
    const [client] = await open()
    await client.configure()
    const update = (session: object) => ({ type: 'session.update', session })
    const faults: [object, string, string | null][] = [
      [update({ type: 'realtime', temperature: 0.8 }), 'unknown_parameter', 'session.temperature'],
      [update({ audio: {} }), 'missing_required_parameter', 'session.type'],
      [update({ type: 'realtime', model: 'gpt-realtime-2' }), 'invalid_value', 'session.model'],
      [{ type: 'response.speak' }, 'invalid_value', 'type'],
      [{ type: 'response.cancel' }, 'response_cancel_not_active', null],
      [{ type: 'conversation.item.delete', item_id: 'x' }, 'item_delete_invalid_item_id', 'item_id'],
      [{ type: 'input_audio_buffer.commit' }, 'input_audio_buffer_commit_empty', null],
      [
        {
          type: 'conversation.item.create',
          item: { type: 'function_call_output', call_id: 'x', output: '' }
        },
        'invalid_tool_call_id',
        'item.call_id'
      ],
      [
        { type: 'conversation.item.truncate', item_id: 'x', content_index: 0, audio_end_ms: 1.5 },
        'invalid_type',
        'audio_end_ms'
      ]
    ]
    for (const [event, code, param] of faults) {
      const error = await client.refusal(event)
      assert.deepEqual([error.type, error.code, error.param], ['invalid_request_error', code, param])
    }
    assert.equal(client.socket.readyState, WebSocket.OPEN)
  })

  it('speaks a response in the documented order, in the session’s format, faster than speech', async () => {
    const [client] = await open({
      script: () => ({ transcript: 'Good day to you.', audio: { toneHz: TONE_HZ, ms: 1000 } }),
      deltaMs: [100, 250]
    })
    await client.configure()
    const startedAt = performance.now()
    client.send({ type: 'response.create' })
    const { response } = await client.waitFor('response.done')
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs > 200 && tookMs < 900, `1000 ms of speech took ${tookMs} ms`)

    const order = client.got.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1])
    const begin = ['response.created', 'response.output_item.added', 'conversation.item.added']
    const end = ['response.output_audio.done', 'response.output_audio_transcript.done']
    const ended = ['response.content_part.done', 'response.output_item.done', 'conversation.item.done']
    assert.deepEqual(order.slice(2, 6), [...begin, 'response.content_part.added'])
    assert.deepEqual(order.slice(-6), [...end, ...ended, 'response.done'])

    const deltas = client.of('response.output_audio.delta')
    const audio = Buffer.concat(deltas.map(({ delta }) => Buffer.from(delta, 'base64')))
    assert.equal(audio.byteLength, 8000)
    assert.ok(deltas.length >= 4 && deltas.length <= 10)
    assert.ok(toneSnrDb(codecOf(PCMU).decode(audio), 8000, TONE_HZ) > 30)
    const words = client.of('response.output_audio_transcript.delta').map(({ delta }) => delta)
    assert.equal(words.join(''), 'Good day to you.')
    assert.equal(response.status, 'completed')
    assert.equal(response.usage?.output_token_details?.audio_tokens, 20)
  })

  it('finds the caller’s turn on audio time, commits it and answers', async () => {
    const [client, session] = await open({ transcribe: () => 'Hello?', transcriptionDelayMs: 0 })
    await client.configure()
    client.append(silence(1000))
    client.append(speech(800))
    client.append(silence(1000))
    const { audio_start_ms, item_id } = await client.waitFor('input_audio_buffer.speech_started')
    assert.equal(audio_start_ms, 700)
    assert.equal((await client.waitFor('input_audio_buffer.speech_stopped')).audio_end_ms, 2300)
    assert.equal((await client.waitFor('input_audio_buffer.committed')).item_id, item_id)
    await client.waitFor('response.created')
    const heard = await client.waitFor('conversation.item.input_audio_transcription.completed')
    assert.deepEqual([heard.item_id, heard.transcript], [item_id, 'Hello?'])
    assert.equal(session.receivedAudio.length, 2800 * 8)
  })

  it('allows one response at a time', async () => {
    const [client] = await open()
    await client.configure()
    client.send({ type: 'response.create' })
    const error = await client.refusal({ type: 'response.create' })
    assert.equal(error.code, 'conversation_already_has_active_response')
    await client.waitFor('response.done')
    assert.equal(client.of('response.created').length, 1)
  })

  it('stops generating when the caller speaks, but lets late deltas slip out', async () => {
    const [client, session] = await open({
      script: () => ({ transcript: 'A very long story.', audio: { toneHz: TONE_HZ, ms: 20_000 } }),
      deltaMs: 100,
      lateDeltas: 3
    })
    await client.configure()
    client.send({ type: 'response.create' })
    await client.waitFor('response.output_audio.delta', 2)
    client.append(speech(100))
    const { response } = await client.waitFor('response.done')
    assert.equal(response.status, 'cancelled')
    assert.equal(response.status_details?.reason, 'turn_detected')
    const interruptedAt = client.got.findIndex(({ type }) => type === 'input_audio_buffer.speech_started')
    const late = client.got.slice(interruptedAt).filter(({ type }) => type === 'response.output_audio.delta')
    assert.equal(late.length, 3)
    assert.equal(session.responding, false)
  })

  it('truncates a reply to what it generated at most', async () => {
    const [client, session] = await open({ script: () => ({ audio: { toneHz: TONE_HZ, ms: 500 } }) })
    await client.configure()
    client.send({ type: 'response.create' })
    await client.waitFor('response.done')
    const [{ item_id }] = client.of('response.output_audio.done')
    const truncate = (audio_end_ms: number) => ({
      type: 'conversation.item.truncate',
      item_id,
      content_index: 0,
      audio_end_ms
    })
    assert.match((await client.refusal(truncate(501))).message, /500ms is already shorter than 501ms/)
    client.send(truncate(200))
    assert.equal((await client.waitFor('conversation.item.truncated')).audio_end_ms, 200)
    assert.equal(session.conversation.audioMs(item_id), 200)
    assert.match((await client.refusal(truncate(300))).message, /200ms is already shorter than 300ms/)
  })

  it('calls a function, takes its result and counts cached tokens within the input', async () => {
    const [client] = await open({
      script: ({ toolOutputs }) =>
        toolOutputs.length > 0
          ? { transcript: `It is ${toolOutputs[0]}.`, audio: { toneHz: TONE_HZ, ms: 100 } }
          : { functionCalls: [{ name: 'clock', arguments: '{}' }] }
    })
    await client.configure({ instructions: 'x'.repeat(1000) })
    client.send({ type: 'response.create' })
    const { response } = await client.waitFor('response.done')
    const call = response.output?.[0]
    assert.ok(call?.type === 'function_call' && call.call_id)
    const item = { type: 'function_call_output', call_id: call.call_id, output: 'noon' }
    client.send({ type: 'conversation.item.create', item })
    client.send({ type: 'response.create' })
    const { usage } = (await client.waitFor('response.done', 2)).response
    assert.equal((await client.waitFor('response.output_audio_transcript.done')).transcript, 'It is noon.')
    const { cached_tokens = 0, text_tokens = 0 } = usage?.input_token_details ?? {}
    assert.ok(cached_tokens > 0 && cached_tokens < text_tokens)
  })

  it('keeps the voice once it has been heard', async () => {
    const [client] = await open({ script: () => ({ audio: { toneHz: TONE_HZ, ms: 100 } }) })
    await client.configure()
    client.send({ type: 'response.create' })
    await client.waitFor('response.done')
    const session = { type: 'realtime', audio: { output: { voice: 'cedar' } } }
    assert.equal((await client.refusal({ type: 'session.update', session })).code, 'cannot_update_voice')
  })

  it('ends a session that has expired', async () => {
    const [client, session] = await open()
    await client.configure()
    session.expire()
    assert.equal((await client.waitFor('error')).error.code, 'session_expired')
    await once(client.socket, 'close')
  })
})
