import type { ConversationItem, RealtimeClientEvent } from 'openai/resources/realtime/realtime'
import type { WebSocket } from 'ws'
import { Waiters } from '../telnyx/waiters.ts'
import { CallerAudio } from './caller-audio.ts'
import { Conversation } from './conversation.ts'
import { clientEvents, type EventFault, serverEvents } from './event-schema.ts'
import { type CancelReason, ModelResponse, type OutgoingEvent } from './model-response.ts'
import type { RealtimeStandInOptions } from './realtime-stand-in.ts'
import { defaultScript } from './script.ts'
import { codecOf } from './session-audio.ts'
import { initialConfig, type SessionConfig, updatedConfig, updateRefusal } from './session-config.ts'
import { TokenMeter } from './token-meter.ts'

export interface ReceivedEvent {
  /** `performance.now()`. */
  readonly at: number
  /** An append's `audio` is left out; see `receivedAudio`. */
  readonly event: RealtimeClientEvent
}

const WAIT_MS = 15_000

/** One Realtime session of the stand-in: what the client sent, and what a test may do to it. */
export class StandInSession {
  readonly id: string
  /** Every well-formed client event, in order. */
  readonly events: ReceivedEvent[] = []
  /** Server events as sent, without audio. */
  readonly sent: OutgoingEvent[] = []
  /** Our own events that depart from the published schema: to be empty. */
  readonly invalidSent: string[] = []
  readonly conversation = new Conversation()
  readonly #socket: WebSocket
  readonly #options: RealtimeStandInOptions
  readonly #caller: CallerAudio
  readonly #tokens = new TokenMeter()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #waiters = new Waiters(() => `Got: ${this.events.map(({ event }) => event.type).join(', ')}`)
  readonly #ids = new Map<string, number>()
  readonly #sentCounts = new Map<string, number>()
  #config: SessionConfig
  #active: ModelResponse | null = null
  #responses = 0
  #hasSpoken = false
  #toolOutputs: string[] = []
  #texts: string[] = []

  constructor(options: { id: string; model: string; socket: WebSocket; options: RealtimeStandInOptions }) {
    this.id = options.id
    this.#socket = options.socket
    this.#options = options.options
    this.#config = initialConfig(options.id, options.model)
    this.#caller = new CallerAudio({
      keep: options.options.keepAudio ?? true,
      config: this.#config,
      onSpeechStarted: (itemId, audioMs) => this.#onSpeechStarted(itemId, audioMs),
      onSpeechStopped: (itemId, audioMs) => this.#onSpeechStopped(itemId, audioMs),
      makeId: () => this.#makeId('item')
    })
    this.#socket.on('message', (data) => this.#onMessage(data.toString()))
    this.#socket.on('close', () => this.#release())
    if (this.#options.handshake !== 'silent') this.send({ type: 'session.created', session: this.#config })
  }

  get config(): SessionConfig {
    return this.#config
  }

  /** Decoded caller audio, at `receivedRateHz`. */
  get receivedAudio(): Int16Array {
    return this.#caller.audio
  }

  get receivedRateHz(): number {
    return this.#caller.rateHz
  }

  /** Milliseconds of caller audio so far. */
  get receivedMs(): number {
    return this.#caller.receivedMs
  }

  /** Whether a response is being generated. */
  get responding(): boolean {
    return this.#active !== null
  }

  get closed(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN
  }

  /** Client events of this type, in order. */
  eventsOf<T extends RealtimeClientEvent['type']>(type: T): Extract<RealtimeClientEvent, { type: T }>[] {
    const ofType = this.events.filter(({ event }) => event.type === type)
    return ofType.map(({ event }) => event as Extract<RealtimeClientEvent, { type: T }>)
  }

  /** Server events of this type so far; for conditions that are looked at often. */
  sentCount(type: OutgoingEvent['type']): number {
    return this.#sentCounts.get(type) ?? 0
  }

  /** Resolves when the condition holds; looked at after every event either way. */
  until<T>(condition: () => T | undefined | false, what: string, timeoutMs = WAIT_MS): Promise<T> {
    return this.#waiters.until(condition, what, timeoutMs)
  }

  /** The nth client event of this type. */
  waitFor<T extends RealtimeClientEvent['type']>(
    type: T,
    count = 1
  ): Promise<Extract<RealtimeClientEvent, { type: T }>> {
    return this.until(() => this.eventsOf(type)[count - 1], `${type} number ${count}`)
  }

  send(event: OutgoingEvent): void {
    const whole = { event_id: this.#makeId('event'), ...event }
    if (this.#options.validate) {
      const fault = serverEvents.faultOf(whole)
      if (fault) this.invalidSent.push(`${event.type}: ${fault.message}`)
    }
    this.#sentCounts.set(event.type, this.sentCount(event.type) + 1)
    if (event.type === 'response.output_audio.delta') {
      this.#hasSpoken = true
      this.sent.push({ ...event, delta: '' })
    } else this.sent.push(event)
    this.sendRaw(JSON.stringify(whole))
    this.#waiters.check()
  }

  /** Anything at all, as it is. */
  sendRaw(text: string): void {
    if (!this.closed) this.#socket.send(text)
  }

  sendError(error: {
    code: string
    message?: string
    type?: string
    eventId?: string
    param?: string
  }): void {
    const { code, message = code, type = 'invalid_request_error', eventId, param = null } = error
    this.send({ type: 'error', error: { type, code, message, param, event_id: eventId ?? null } })
  }

  /** The session's longest duration is over. */
  expire(): void {
    const message = 'Your session hit the maximum duration of 60 minutes.'
    this.sendError({ code: 'session_expired', message })
    this.#socket.close(1001)
  }

  close(code = 1000): void {
    this.#socket.close(code)
  }

  /** Reads nothing more, so that what the client sends piles up on its side. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The connection breaks without a word. */
  terminate(): void {
    this.#socket.terminate()
  }

  #onMessage(text: string): void {
    const event = parse(text)
    if (!event) return this.sendError({ code: 'invalid_json', message: 'Could not parse the event as JSON.' })
    const fault = clientEvents.faultOf(event)
    if (fault) return this.#refuse(event, fault)
    const valid = event as RealtimeClientEvent
    const at = performance.now()
    if (valid.type !== 'input_audio_buffer.append') this.events.push({ at, event: valid })
    else if (this.#options.keepAudio ?? true) this.events.push({ at, event: { ...valid, audio: '' } })
    const refusal = this.#handle(valid)
    if (refusal) this.#refuse(valid, refusal)
    this.#waiters.check()
  }

  #refuse(event: { type: string; event_id?: string }, fault: EventFault): void {
    const { code, message, param } = fault
    this.sendError({ code, message, param: param ?? undefined, eventId: event.event_id })
  }

  #handle(event: RealtimeClientEvent): EventFault | null {
    switch (event.type) {
      case 'input_audio_buffer.append':
        return this.#caller.append(Buffer.from(event.audio, 'base64'))
      case 'session.update':
        return this.#update(event.session)
      case 'response.create':
        return this.#createResponse('client', event.response?.instructions ?? null)
      case 'response.cancel':
        return this.#cancelByClient(event.response_id)
      case 'conversation.item.create':
        return this.#addItem(event.item)
      case 'conversation.item.truncate':
        return this.#truncate(event)
      case 'conversation.item.delete':
        return this.#deleteItem(event.item_id)
      case 'input_audio_buffer.commit':
        return this.#commitByClient()
      case 'input_audio_buffer.clear':
        this.#caller.clear()
        this.send({ type: 'input_audio_buffer.cleared' })
        return null
      default:
        return { code: 'invalid_value', message: `${event.type} does nothing here.`, param: 'type' }
    }
  }

  #update(update: Extract<RealtimeClientEvent, { type: 'session.update' }>['session']): EventFault | null {
    if (update.type !== 'realtime') {
      const message = 'Passing a transcription session update event to a realtime session is not allowed.'
      return { code: 'invalid_value', message, param: 'session.type' }
    }
    const refusal = updateRefusal(this.#config, update, this.#hasSpoken)
    if (refusal) return refusal
    this.#config = updatedConfig(this.#config, update)
    this.#caller.configure(this.#config)
    if (update.instructions) this.#tokens.text(update.instructions)
    if (this.#options.handshake !== 'no_update') this.send({ type: 'session.updated', session: this.#config })
    return null
  }

  #createResponse(trigger: 'caller' | 'client', instructions: string | null): EventFault | null {
    if (this.#active) {
      const code = 'conversation_already_has_active_response'
      const message = `Conversation already has an active response in progress: ${this.#active.id}. Wait until the response is finished before creating a new one.`
      return { code, message, param: null }
    }
    const turn = {
      index: this.#responses++,
      trigger,
      instructions,
      sessionInstructions: this.#config.instructions ?? '',
      toolOutputs: this.#toolOutputs,
      texts: this.#texts
    }
    this.#toolOutputs = []
    this.#texts = []
    const response = new ModelResponse({
      id: this.#makeId('resp'),
      reply: (this.#options.script ?? defaultScript)(turn),
      codec: codecOf(this.#config.audio?.output?.format ?? {}),
      conversation: this.conversation,
      speed: this.#options.speed ?? 4,
      deltaMs: this.#options.deltaMs ?? 200,
      firstDeltaMs: this.#options.firstDeltaMs ?? 50,
      makeId: (kind) => this.#makeId(kind),
      send: (event) => this.send(event),
      usage: (output) => this.#tokens.response(output),
      onDone: () => {
        this.#active = null
      }
    })
    this.#active = response
    response.start()
    return null
  }

  #cancelByClient(responseId: string | undefined): EventFault | null {
    if (!this.#active || (responseId !== undefined && responseId !== this.#active.id)) {
      const message = 'Cancellation failed: no active response found'
      return { code: 'response_cancel_not_active', message, param: null }
    }
    this.#cancel('client_cancelled')
    return null
  }

  #cancel(reason: CancelReason): void {
    this.#active?.cancel(reason, this.#options.lateDeltas ?? 0)
  }

  #addItem(item: ConversationItem): EventFault | null {
    const id = ('id' in item && item.id) || this.#makeId('item')
    const refusal = this.conversation.refusal(id, item)
    if (refusal) return refusal
    const previous_item_id = this.conversation.lastId
    const added = { object: 'realtime.item', status: 'completed', ...item, id } as ConversationItem
    this.conversation.add(id, added)
    if (item.type === 'function_call_output') this.#toolOutputs.push(item.output)
    if (item.type === 'message') this.#texts.push(...item.content.map(({ text }) => text ?? ''))
    this.#tokens.text(JSON.stringify(item))
    this.send({ type: 'conversation.item.added', previous_item_id, item: added })
    this.send({ type: 'conversation.item.done', previous_item_id, item: added })
    return null
  }

  #truncate(event: Extract<RealtimeClientEvent, { type: 'conversation.item.truncate' }>): EventFault | null {
    const { item_id, content_index, audio_end_ms } = event
    const refusal = this.conversation.truncate(item_id, content_index, audio_end_ms)
    if (refusal) return refusal
    this.send({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms })
    return null
  }

  #deleteItem(itemId: string): EventFault | null {
    const refusal = this.conversation.delete(itemId)
    if (!refusal) this.send({ type: 'conversation.item.deleted', item_id: itemId })
    return refusal
  }

  #commitByClient(): EventFault | null {
    const uncommittedMs = this.#caller.take()
    if (uncommittedMs < 100) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${uncommittedMs.toFixed(2)}ms of audio.`
      return { code: 'input_audio_buffer_commit_empty', message, param: null }
    }
    this.#commit(this.#makeId('item'), uncommittedMs)
    return null
  }

  #onSpeechStarted(item_id: string, audio_start_ms: number): void {
    this.send({ type: 'input_audio_buffer.speech_started', item_id, audio_start_ms })
    if (this.#config.audio?.input?.turn_detection?.interrupt_response !== false) this.#cancel('turn_detected')
  }

  #onSpeechStopped(item_id: string, audio_end_ms: number): void {
    this.send({ type: 'input_audio_buffer.speech_stopped', item_id, audio_end_ms })
    this.#commit(item_id, this.#caller.take())
    // Without interrupt_response the last reply may still be active; then the service creates none.
    const { turn_detection } = this.#config.audio?.input ?? {}
    if (turn_detection?.create_response !== false && !this.#active) this.#createResponse('caller', null)
  }

  #commit(item_id: string, audioMs: number): void {
    const previous_item_id = this.conversation.lastId
    const content = [{ type: 'input_audio' as const }]
    const item = { id: item_id, object: 'realtime.item', type: 'message', role: 'user', content } as const
    this.send({ type: 'input_audio_buffer.committed', previous_item_id, item_id })
    this.conversation.add(item_id, { ...item, content })
    this.#tokens.callerAudio(audioMs)
    const added = { ...item, content, status: 'completed' as const }
    this.send({ type: 'conversation.item.added', previous_item_id, item: added })
    this.send({ type: 'conversation.item.done', previous_item_id, item: added })
    if (this.#config.audio?.input?.transcription) this.#transcribeLater(item_id, audioMs)
  }

  #transcribeLater(item_id: string, audioMs: number): void {
    const index = this.#caller.utterances
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const text = (this.#options.transcribe ?? ((n) => `Caller utterance ${n}.`))(index)
      if (text !== null) return this.#sendTranscript(item_id, text, audioMs)
      const error = { type: 'server_error', code: 'audio_unintelligible', message: 'No speech was found.' }
      const type = 'conversation.item.input_audio_transcription.failed'
      this.send({ type, item_id, content_index: 0, error })
    }, this.#options.transcriptionDelayMs ?? 300)
    this.#timers.add(timer)
  }

  #sendTranscript(item_id: string, transcript: string, audioMs: number): void {
    const type = 'conversation.item.input_audio_transcription.completed'
    const audio_tokens = Math.ceil(audioMs / 100)
    const output_tokens = Math.ceil(transcript.length / 4)
    const usage = {
      type: 'tokens' as const,
      input_tokens: audio_tokens,
      input_token_details: { audio_tokens, text_tokens: 0 },
      output_tokens,
      total_tokens: audio_tokens + output_tokens
    }
    this.send({ type, item_id, content_index: 0, transcript, usage })
  }

  #makeId(kind: string): string {
    const count = (this.#ids.get(kind) ?? 0) + 1
    this.#ids.set(kind, count)
    return `${kind}_${this.id}_${count}`
  }

  #release(): void {
    this.#active?.abandon()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#waiters.check()
    this.#waiters.close()
  }
}

function parse(text: string): { type: string; event_id?: string } | null {
  try {
    const event: unknown = JSON.parse(text)
    if (typeof event !== 'object' || event === null) return null
    return 'type' in event && typeof event.type === 'string' ? { ...event, type: event.type } : { type: '' }
  } catch {
    return null
  }
}
