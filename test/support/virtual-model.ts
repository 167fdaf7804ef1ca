import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime'
import { ReplaySocket, replayDial } from '../../cli/replay/replay-sockets.ts'
import type { ManualClock } from './manual-clock.ts'

/** One spoken item, whose audio is one mu-law byte throughout: so the carrier knows whose it plays. */
export interface VirtualItem {
  readonly id: string
  readonly byte: number
  readonly begunAt: number
  /** Said by order, and no answer. */
  readonly ordered: boolean
  generatedMs: number
  /** Cancelled before all of it was made. */
  cancelled: boolean
  deleted: boolean
}

export interface VirtualModelOptions {
  readonly clock: ManualClock
  /** One way, of each message. */
  readonly delayMs: number
  /** Times faster than speech. */
  readonly speed: number
  readonly deltaMs: number
  /** Deltas that are still sent after a cancel. */
  readonly lateDeltas: number
  /**
   * Of the nth response, from 0: how long until its first sound, and how long it is; `toolAfterMs`: where it may, it calls
   * a tool after so much of it, in place of the rest; `fails`: the service gives it up before it sounds.
   */
  readonly reply: (index: number) => VirtualReply
  /** An event has been handled at the other end. */
  readonly onHandled: (type: RealtimeServerEvent['type']) => void
  readonly onTruncated: (item: VirtualItem, audioEndMs: number) => void
}

export interface VirtualReply {
  readonly firstMs: number
  readonly ms: number
  readonly toolAfterMs?: number | null
  readonly fails?: boolean
}

type Outgoing = { type: RealtimeServerEvent['type'] } & Record<string, unknown>
interface Response {
  readonly id: string
  readonly ms: number
  readonly ordered: boolean
  readonly tool: boolean
  readonly fails: boolean
  item: VirtualItem | null
  cancelStep: () => void
}

/**
 * The rules of OpenAI's Realtime API on a manual clock, as far as turns go: one active response at a time, an answer to
 * each utterance that ends while none is active, no truncation beyond what was generated. Utterances come from the test.
 */
export class VirtualModel {
  readonly items: VirtualItem[] = []
  /** Codes of the errors that it answered with. */
  readonly errors: string[] = []
  /** Function calls, and whether each has had its output. */
  readonly toolCalls = new Map<string, boolean>()
  readonly dial = replayDial(() => this.#open())
  readonly #options: VirtualModelOptions
  #socket: ReplaySocket | null = null
  #active: Response | null = null
  #responses = 0

  constructor(options: VirtualModelOptions) {
    this.#options = options
  }

  get responding(): boolean {
    return this.#active !== null
  }

  speechStarted(item_id: string): void {
    this.#send({ type: 'input_audio_buffer.speech_started', item_id, audio_start_ms: 0 })
  }

  speechStopped(item_id: string): void {
    this.#send({ type: 'input_audio_buffer.speech_stopped', item_id, audio_end_ms: 0 })
    this.#send({ type: 'conversation.item.added', item: { id: item_id, type: 'message', role: 'user' } })
    if (!this.#active) this.#respond()
  }

  /** null: no words could be made out. */
  transcribed(item_id: string, transcript: string | null): void {
    const type = 'conversation.item.input_audio_transcription'
    const error = { type: 'server_error', code: 'audio_unintelligible', message: 'No words.' }
    const usage = { type: 'duration', seconds: 1 }
    if (transcript === null) this.#send({ type: `${type}.failed`, item_id, content_index: 0, error })
    else this.#send({ type: `${type}.completed`, item_id, content_index: 0, transcript, usage })
  }

  #open(): ReplaySocket {
    const { clock, delayMs } = this.#options
    const socket = new ReplaySocket({
      sent: (data) => clock.after(delayMs, () => this.#onEvent(JSON.parse(data))),
      shut: () => undefined
    })
    socket.ping = () => clock.after(2 * delayMs, () => socket.emit('pong'))
    this.#socket = socket
    this.#send({ type: 'session.created', session: { type: 'realtime' } })
    return socket
  }

  #send(event: Outgoing): void {
    this.#options.clock.after(this.#options.delayMs, () => {
      this.#socket?.receive(JSON.stringify({ event_id: 'event', ...event }))
      this.#options.onHandled(event.type)
    })
  }

  #onEvent(event: RealtimeClientEvent): void {
    switch (event.type) {
      case 'session.update':
        return this.#send({ type: 'session.updated', session: { type: 'realtime' } })
      case 'response.create':
        return this.#active
          ? this.#refuse('conversation_already_has_active_response', event)
          : this.#respond(event.response?.instructions !== undefined, event.response?.tool_choice !== 'none')
      case 'response.cancel':
        if (this.#active?.id === event.response_id) return this.#cancel()
        return this.#refuse('response_cancel_not_active', event)
      case 'conversation.item.create':
        return this.#add(event)
      case 'conversation.item.delete': {
        const item = this.#itemOf(event.item_id)
        if (item) item.deleted = true
        return
      }
      case 'conversation.item.truncate':
        return this.#truncate(event)
    }
  }

  #add(event: Extract<RealtimeClientEvent, { type: 'conversation.item.create' }>): void {
    const { item } = event
    if (item.type === 'function_call_output') {
      if (this.toolCalls.get(item.call_id) !== false) return this.#refuse('invalid_tool_call_id', event)
      this.toolCalls.set(item.call_id, true)
    }
    this.#send({ type: 'conversation.item.added', item })
  }

  #truncate(event: Extract<RealtimeClientEvent, { type: 'conversation.item.truncate' }>): void {
    const item = this.#itemOf(event.item_id)
    if (!item || item.deleted || event.audio_end_ms > item.generatedMs)
      return this.#refuse('invalid_value', event)
    this.#options.onTruncated(item, event.audio_end_ms)
  }

  #itemOf(id: string): VirtualItem | undefined {
    return this.items.find((item) => item.id === id)
  }

  #refuse(code: string, { event_id }: RealtimeClientEvent): void {
    this.errors.push(code)
    this.#send({ type: 'error', error: { type: 'invalid_request_error', code, message: code, event_id } })
  }

  #respond(ordered = false, mayCall = true): void {
    const { firstMs, toolAfterMs = null, fails = false, ...whole } = this.#options.reply(this.#responses)
    const id = `response_${this.#responses++}`
    const tool = mayCall && toolAfterMs !== null
    const ms = tool ? toolAfterMs : whole.ms
    const response: Response = { id, ms, ordered, tool, fails, item: null, cancelStep: () => undefined }
    this.#active = response
    this.#send({ type: 'response.created', response: { id, status: 'in_progress', output: [] } })
    response.cancelStep = this.#options.clock.after(firstMs, () => this.#step(response))
  }

  #step(response: Response): void {
    if (response.fails) return this.#end(response, 'failed')
    if (response.tool && response.ms === 0) return this.#end(response, 'completed')
    response.item ??= this.#begin(response)
    if (response.item.generatedMs >= response.ms) return this.#end(response, 'completed')
    const ms = this.#speak(response, response.item)
    const { clock, speed } = this.#options
    response.cancelStep = clock.after(ms / speed, () => this.#step(response))
  }

  #begin({ ordered }: Response): VirtualItem {
    const byte = this.items.length + 1
    const id = `item_${byte}`
    const begunAt = this.#options.clock.now()
    const item = { id, byte, begunAt, ordered, generatedMs: 0, cancelled: false, deleted: false }
    this.items.push(item)
    return item
  }

  #speak(response: Response, item: VirtualItem): number {
    const ms = Math.min(this.#options.deltaMs, response.ms - item.generatedMs)
    item.generatedMs += ms
    const at = { response_id: response.id, item_id: item.id, output_index: 0, content_index: 0 }
    this.#send({ type: 'response.output_audio_transcript.delta', ...at, delta: 'word ' })
    const delta = Buffer.alloc(ms * 8, item.byte).toString('base64')
    this.#send({ type: 'response.output_audio.delta', ...at, delta })
    return ms
  }

  #cancel(): void {
    const response = this.#active as Response
    const { item } = response
    response.cancelStep()
    for (let late = 0; item && late < this.#options.lateDeltas && item.generatedMs < response.ms; late++)
      this.#speak(response, item)
    if (item) item.cancelled = item.generatedMs < response.ms
    this.#end(response, 'cancelled')
  }

  #end({ id, item, tool }: Response, status: 'completed' | 'cancelled' | 'failed'): void {
    this.#active = null
    const output: Record<string, unknown>[] = []
    if (item) output.push({ id: item.id, type: 'message', role: 'assistant', content: [] })
    if (tool && status === 'completed') output.push(this.#call())
    for (const [output_index, each] of output.entries())
      this.#send({ type: 'response.output_item.done', response_id: id, output_index, item: each })
    this.#send({ type: 'response.done', response: { id, status, output } })
  }

  #call(): Record<string, unknown> {
    const call_id = `call_${this.toolCalls.size}`
    this.toolCalls.set(call_id, false)
    const type = 'function_call'
    return { id: `item_${call_id}`, type, status: 'completed', call_id, name: 'look_up', arguments: '{}' }
  }
}
