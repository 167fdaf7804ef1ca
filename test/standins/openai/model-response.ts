import type {
  ConversationItem,
  RealtimeResponse,
  RealtimeResponseUsage,
  RealtimeServerEvent
} from 'openai/resources/realtime/realtime'
import type { WireCodec } from '../telnyx/wire-codec.ts'
import type { Conversation } from './conversation.ts'
import type { ScriptedReply } from './script.ts'
import { bytesPerMs, encodeReply } from './session-audio.ts'

type WithoutId<E> = E extends unknown ? Omit<E, 'event_id'> : never
/** A server event before it gets its `event_id`. */
export type OutgoingEvent = WithoutId<RealtimeServerEvent>

export type CancelReason = 'turn_detected' | 'client_cancelled'

export interface ModelResponseOptions {
  readonly id: string
  readonly reply: ScriptedReply
  readonly codec: WireCodec
  readonly conversation: Conversation
  /** Times faster than speech. */
  readonly speed: number
  /** Audio in each delta; for a pair, between the two. */
  readonly deltaMs: number | readonly [number, number]
  readonly firstDeltaMs: number
  readonly makeId: (kind: string) => string
  readonly send: (event: OutgoingEvent) => void
  /** Of the audio and words generated. */
  readonly usage: (output: { audioMs: number; words: number }) => RealtimeResponseUsage
  readonly onDone: () => void
}

/** One response: generated faster than speech, one timer a delta, and ended as the service ends it. */
export class ModelResponse {
  readonly id: string
  readonly #options: ModelResponseOptions
  readonly #audio: Buffer
  readonly #words: readonly string[]
  readonly #output: ConversationItem[] = []
  readonly #createdAt = performance.now()
  #itemId: string | null = null
  #sentBytes = 0
  #sentWords = 0
  #deltas = 0
  #timer: NodeJS.Timeout | undefined
  #done = false

  constructor(options: ModelResponseOptions) {
    const { reply, codec } = options
    const speaks = reply.transcript !== undefined || reply.audio !== undefined
    this.id = options.id
    this.#options = options
    this.#audio = speaks ? encodeReply(reply, codec) : Buffer.alloc(0)
    this.#words = reply.transcript?.split(/(?<=\s)/) ?? []
  }

  start(): void {
    this.#send({ type: 'response.created', response: this.#response('in_progress') })
    this.#timer = setTimeout(() => this.#step(), this.#firstDelayMs)
  }

  /** `lateDeltas` more are sent as if they had been on their way. */
  cancel(reason: CancelReason, lateDeltas: number): void {
    if (this.#done) return
    for (let late = 0; this.#itemId && late < lateDeltas && !this.#spoken; late++) this.#sendDelta()
    if (this.#itemId) this.#endMessage('incomplete')
    this.#end('cancelled', { type: 'cancelled', reason })
  }

  /** The session is gone. */
  abandon(): void {
    this.#done = true
    clearTimeout(this.#timer)
  }

  get #firstDelayMs(): number {
    return this.#options.reply.delayMs ?? this.#options.firstDeltaMs
  }

  get #spoken(): boolean {
    return this.#sentBytes >= this.#audio.byteLength
  }

  get #spokenMs(): number {
    return this.#sentBytes / bytesPerMs(this.#options.codec)
  }

  #step(): void {
    if (this.#audio.byteLength > 0 && !this.#itemId) this.#beginMessage()
    if (!this.#spoken) {
      this.#sendDelta()
      const dueAt = this.#createdAt + this.#firstDelayMs + this.#spokenMs / this.#options.speed
      this.#timer = setTimeout(() => this.#step(), Math.max(0, dueAt - performance.now()))
      return
    }
    if (this.#itemId) this.#endMessage('completed')
    for (const call of this.#options.reply.functionCalls ?? []) this.#callFunction(call)
    const { failure } = this.#options.reply
    if (failure) this.#end('failed', { type: 'failed', error: failure })
    else this.#end('completed', undefined)
  }

  #beginMessage(): void {
    const itemId = this.#options.makeId('item')
    const item = this.#message(itemId, 'in_progress')
    this.#itemId = itemId
    this.#addItem(itemId, item)
    const part = { type: 'audio', transcript: '' } as const
    this.#send({ type: 'response.content_part.added', ...this.#contentAt(itemId), part })
  }

  #sendDelta(): void {
    const itemId = this.#itemId as string
    const { codec, conversation } = this.#options
    const bytes = Math.round(this.#deltaMs()) * bytesPerMs(codec)
    const piece = this.#audio.subarray(this.#sentBytes, this.#sentBytes + bytes)
    this.#sentBytes += piece.byteLength
    this.#deltas += 1
    conversation.audioGenerated(itemId, piece.byteLength / bytesPerMs(codec))
    this.#sendWords(itemId, Math.ceil((this.#words.length * this.#sentBytes) / this.#audio.byteLength))
    const delta = piece.toString('base64')
    this.#send({ type: 'response.output_audio.delta', ...this.#contentAt(itemId), delta })
  }

  /** Spread evenly without chance, so that a failing test fails again. */
  #deltaMs(): number {
    const { deltaMs } = this.#options
    if (typeof deltaMs === 'number') return deltaMs
    const [least, most] = deltaMs
    return least + ((this.#deltas * 0.618) % 1) * (most - least)
  }

  #sendWords(itemId: string, upTo: number): void {
    const delta = this.#words.slice(this.#sentWords, upTo).join('')
    this.#sentWords = Math.max(this.#sentWords, upTo)
    if (delta === '') return
    this.#send({ type: 'response.output_audio_transcript.delta', ...this.#contentAt(itemId), delta })
  }

  #endMessage(status: 'completed' | 'incomplete'): void {
    const itemId = this.#itemId as string
    const at = this.#contentAt(itemId)
    const transcript = this.#transcript
    this.#itemId = null
    this.#send({ type: 'response.output_audio.done', ...at })
    this.#send({ type: 'response.output_audio_transcript.done', ...at, transcript })
    this.#send({ type: 'response.content_part.done', ...at, part: { type: 'audio', transcript } })
    this.#endItem(this.#message(itemId, status))
  }

  #callFunction(call: { name: string; arguments: string }): void {
    const id = this.#options.makeId('item')
    const call_id = this.#options.makeId('call')
    const item = { id, type: 'function_call', object: 'realtime.item', call_id, name: call.name } as const
    this.#addItem(id, { ...item, status: 'in_progress', arguments: '' })
    const at = { response_id: this.id, item_id: id, output_index: this.#output.length, call_id }
    this.#send({ type: 'response.function_call_arguments.delta', ...at, delta: call.arguments })
    this.#send({ type: 'response.function_call_arguments.done', ...at, ...call })
    this.#endItem({ ...item, status: 'completed', arguments: call.arguments })
  }

  #addItem(id: string, item: ConversationItem): void {
    const previous_item_id = this.#options.conversation.lastId
    const output_index = this.#output.length
    this.#options.conversation.add(id, item)
    this.#send({ type: 'response.output_item.added', response_id: this.id, output_index, item })
    this.#send({ type: 'conversation.item.added', previous_item_id, item })
  }

  #endItem(item: ConversationItem): void {
    const output_index = this.#output.length
    this.#output.push(item)
    this.#send({ type: 'response.output_item.done', response_id: this.id, output_index, item })
    this.#send({ type: 'conversation.item.done', item })
  }

  #end(status: RealtimeResponse['status'], status_details: RealtimeResponse['status_details']): void {
    this.#done = true
    clearTimeout(this.#timer)
    const usage = this.#options.usage({ audioMs: this.#spokenMs, words: this.#sentWords })
    this.#options.onDone()
    const details = status_details ? { status_details } : {}
    this.#send({ type: 'response.done', response: { ...this.#response(status), ...details, usage } })
  }

  get #transcript(): string {
    return this.#words.slice(0, this.#sentWords).join('')
  }

  #message(id: string, status: 'in_progress' | 'completed' | 'incomplete'): ConversationItem {
    const content =
      status === 'in_progress' ? [] : [{ type: 'output_audio' as const, transcript: this.#transcript }]
    return { id, object: 'realtime.item', type: 'message', status, role: 'assistant', content }
  }

  #contentAt(item_id: string) {
    return { response_id: this.id, item_id, output_index: this.#output.length, content_index: 0 }
  }

  #response(status: RealtimeResponse['status']): RealtimeResponse {
    return { object: 'realtime.response', id: this.id, status, output: [...this.#output] }
  }

  #send(event: OutgoingEvent): void {
    this.#options.send(event)
  }
}
