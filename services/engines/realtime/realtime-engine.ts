import { EventEmitter } from 'node:events'
import type {
  RealtimeErrorEvent,
  RealtimeResponse,
  RealtimeServerEvent,
  ResponseCreateEvent
} from 'openai/resources/realtime/realtime'
import type { Logger } from 'pino'
import { type AudioFormat, bytesPerMs, durationMs } from '../../../audio/format.ts'
import type {
  AgentEngine,
  AgentEngineEvents,
  EngineName,
  HeardReply,
  SayOptions,
  UsageRecord
} from '../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import type { CallError } from '../../../sessions/errors.ts'
import { AgentReplies } from './agent-replies.ts'
import { CallerUtterances } from './caller-utterances.ts'
import { DigitEntry } from './digit-entry.ts'
import { OpenToolCalls } from './open-tool-calls.ts'
import { RealtimeConnection, type RealtimeDial } from './realtime-connection.ts'
import {
  engineFormat,
  type OwnItem,
  patienceUpdate,
  responseFault,
  responseUsage,
  restResponse,
  sessionUpdate,
  spokenItem,
  textItem,
  toolResultItem,
  toolsUpdate,
  transcriptionUsage,
  verbatimResponse
} from './realtime-messages.ts'
import { type AudioDelta, decoded, type TextDelta } from './reply-delta.ts'
import { type IfCut, ReplySequencer } from './reply-sequencer.ts'
import { ResponseWatch } from './response-watch.ts'

const CONNECT_DEADLINE_MS = 10_000
/** Of caller audio unsent; what is older than this is of no use to a conversation. */
const SEND_LIMIT_MS = 2000
/** Base64 (RFC 4648) makes four characters of three bytes. */
const BASE64_GROWTH = 4 / 3
const TRANSCRIPTION_MODEL = 'gpt-live-transcribe'

export interface RealtimeEngineOptions {
  readonly apiKey: string
  /** null: OpenAI's own. */
  readonly baseUrl: string | null
  readonly model: string
  readonly voice: string
  /** `auto`: the call's format where the service speaks it; `pcm`: always PCM16 at 24 kHz. */
  readonly audio: 'auto' | 'pcm'
  readonly profile: AgentProfile
  readonly tools: readonly ToolSpec[]
  /** The call's. */
  readonly format: AudioFormat
  readonly clock: Clock
  readonly log: Logger
  readonly transcriptionModel?: string
  readonly connectDeadlineMs?: number
  readonly dial?: RealtimeDial
}

/** Speech to speech by OpenAI's Realtime API (GA), or a server that speaks its protocol. */
export class RealtimeEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly name: EngineName = 'realtime'
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly transcribesAll = false
  readonly #options: RealtimeEngineOptions
  readonly #transcriptionModel: string
  readonly #connection: RealtimeConnection
  readonly #sequencer: ReplySequencer
  readonly #watch: ResponseWatch
  readonly #digits: DigitEntry
  /** A reply's id is its item's. */
  readonly #replies = new AgentReplies()
  readonly #toolCalls = new OpenToolCalls()
  readonly #utterances = new CallerUtterances()
  #tools: readonly ToolSpec[]
  /** The response that the caller cut while it was being made, until something else is said. */
  #brokenOffId: string | null = null
  /** The last reply was failed by the service in its middle, and its rest asked for. */
  #asksForRest = false
  #itemCount = 0

  constructor(options: RealtimeEngineOptions) {
    super()
    this.#options = options
    this.#tools = options.tools
    this.#transcriptionModel = options.transcriptionModel ?? TRANSCRIPTION_MODEL
    this.inputFormat = engineFormat(options.audio, options.format)
    this.outputFormat = this.inputFormat
    const { clock } = options
    this.#connection = new RealtimeConnection({
      ...options,
      connectDeadlineMs: options.connectDeadlineMs ?? CONNECT_DEADLINE_MS,
      sendLimitBytes: SEND_LIMIT_MS * bytesPerMs(this.inputFormat) * BASE64_GROWTH,
      onEvent: (event) => this.#onEvent(event),
      onDelta: (delta) => ('payload' in delta ? this.#onAudio(delta) : this.#onTranscript(delta)),
      onProgress: () => this.#watch.progress(),
      onTrouble: (code) => this.emit('trouble', { code }),
      onLost: (error) => this.#onLost(error)
    })
    this.#watch = new ResponseWatch({
      clock,
      isAwaited: () => this.#sequencer.awaitsService,
      onStalled: () => this.#connection.abandon('response_stalled')
    })
    this.#sequencer = new ReplySequencer({ send: (event) => this.#ask(event), clock })
    this.#digits = new DigitEntry({ clock, onEntry: (digits) => this.#onDigits(digits) })
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { profile, voice } = this.#options
    const tools = this.#tools
    const transcriptionModel = this.#transcriptionModel
    const format = this.inputFormat
    const update = sessionUpdate({ profile, voice, tools, format, transcriptionModel })
    await this.#connection.open(update, signal)
    // More of them came meanwhile.
    if (this.#tools !== tools) this.setTools(this.#tools)
  }

  greet(): void {
    this.#request(this.#options.profile.greeting, 'said_instead')
  }

  sendAudio(payload: Uint8Array): void {
    this.#connection.sendAudio(payload)
  }

  sendDigit(digit: string): void {
    if (this.#connection.isOpen) this.#digits.press(digit)
  }

  say(text: string, options?: SayOptions): void {
    this.#request(text, 'said_first', options)
  }

  whisper(text: string): void {
    if (this.#connection.isOpen) this.#addItem(textItem('system', text))
  }

  interrupt(heard: readonly HeardReply[], utteranceId?: string): void {
    if (!this.#connection.isOpen) return
    const { activeId } = this.#sequencer
    const cuts = activeId !== null && !this.#utterances.answersSince(activeId, utteranceId)
    const begun = heard.filter(({ receivedMs }) => receivedMs > 0)
    if (cuts && begun.some(({ replyId }) => this.#replies.isOf(replyId, activeId)))
      this.#brokenOffId = activeId
    // What is cut while it is played again was broken off before, or was not.
    else if (begun.length > 0) this.#brokenOffId = null
    if (cuts) this.#cut(activeId)
    for (const reply of heard) this.#forgetUnheard(reply)
    if (this.#utterances.takeUnanswered()) this.#sequencer.continue()
  }

  dismiss(utteranceId: string, unheard: readonly string[] = []): void {
    if (!this.#connection.isOpen) return
    const { activeId } = this.#sequencer
    this.#utterances.dismiss(utteranceId)
    const cuts = activeId !== null && this.#isGivenUp(activeId, utteranceId, unheard)
    if (cuts) this.#cut(activeId)
    this.#deleteItem(utteranceId)
    for (const replyId of unheard) if (this.#replies.has(replyId)) this.#deleteItem(replyId)
    const owed = this.#utterances.takeOwed(utteranceId)
    if (cuts || unheard.length > 0) this.#utterances.answerGivenUp(!owed)
    if (owed) this.#sequencer.continue()
  }

  answer(utteranceId: string, text: string): void {
    if (!this.#connection.isOpen) return
    const isForgotten = this.#utterances.takeDismissed(utteranceId)
    const isLost = this.#utterances.takeLost()
    const isUnanswered = this.#utterances.takeUnanswered()
    if (isForgotten) this.#addItem(textItem('user', text))
    if (isForgotten || isLost || isUnanswered) this.#sequencer.continue()
  }

  remember(text: string, whole = false): void {
    if (!this.#connection.isOpen) return
    if (text !== '') this.#addItem(spokenItem(text))
    if (!whole || !this.#brokenOffId) return
    this.#brokenOffId = null
    const rest = restResponse(this.#options.profile.instructions)
    if (!this.#sequencer.request(rest, 'given_up')) this.#utterances.leftUnsaid()
  }

  setPatience(extraMs: number): void {
    if (this.#connection.isOpen) this.#connection.send(patienceUpdate(extraMs))
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.#tools = tools
    if (this.#connection.isOpen) this.#connection.send(toolsUpdate(tools))
  }

  returnToolResult(toolCallId: string, output: string, { reply }: { reply: boolean }): void {
    if (!this.#connection.isOpen) return
    const settled = this.#toolCalls.settle(toolCallId, reply)
    if (!settled) return
    this.#addItem(toolResultItem(toolCallId, output))
    if (settled.replyNow) this.#sequencer.continue()
  }

  close(): void {
    this.#release()
    this.#connection.close()
  }

  #ask(event: ResponseCreateEvent): string {
    this.#watch.progress()
    return this.#connection.send(event)
  }

  #release(): void {
    this.#digits.close()
    this.#watch.close()
    this.#sequencer.close()
  }

  #onLost(error: CallError): void {
    this.#release()
    this.emit('failed', error)
  }

  #onEvent(event: RealtimeServerEvent): void {
    if (event.type.startsWith('response.')) this.#watch.progress()
    switch (event.type) {
      case 'response.output_audio.delta':
        return this.#onAudio({ ...event, payload: decoded(event.delta) })
      case 'response.output_audio_transcript.delta':
        return this.#onTranscript(event)
      case 'response.created':
        return this.#onResponseCreated(event.response.id ?? '')
      case 'response.output_item.done':
        return this.#replyDone(event.item.id ?? '')
      case 'response.done':
        return this.#onResponseDone(event.response)
      case 'input_audio_buffer.speech_started':
        return this.#onSpeechStarted(event.item_id)
      case 'input_audio_buffer.speech_stopped':
        this.#utterances.stopped(event.item_id, this.#sequencer.activeId !== null)
        this.#sequencer.callerStopped()
        this.emit('callerSpeechStopped', { utteranceId: event.item_id })
        return
      case 'conversation.item.input_audio_transcription.completed':
        this.#emitUsage(transcriptionUsage(this.#transcriptionModel, event.usage))
        this.emit('callerTranscript', { utteranceId: event.item_id, text: event.transcript })
        return
      case 'conversation.item.input_audio_transcription.failed':
        this.emit('trouble', { code: event.error.code ?? 'transcription_failed' })
        this.emit('callerTranscript', { utteranceId: event.item_id, text: '' })
        return
      case 'conversation.item.added':
      case 'conversation.item.created':
        return this.#sequencer.itemSettled(event.item.id ?? '')
      case 'error':
        return this.#onError(event.error)
    }
  }

  #onResponseCreated(responseId: string): void {
    const { continues, repeats } = this.#sequencer
    const { ownReply, overtaken, continuation } = this.#sequencer.responseCreated(responseId)
    if (overtaken) this.#cutUnheard(responseId)
    if (continuation) this.#utterances.continued(responseId)
    if (!ownReply) return
    const answersMore = continues && !this.#sequencer.continues
    if (this.#utterances.answered(responseId) || repeats) {
      this.#cut(responseId)
      if (answersMore || repeats === 'said_first') {
        this.#utterances.answerGivenUp(false)
        this.#sequencer.continue()
      }
    } else if (answersMore) this.#utterances.answersMore(responseId)
  }

  #onAudio(delta: AudioDelta): void {
    this.#watch.progress()
    if (!this.#replies.accepts(delta)) return
    const { item_id: replyId, payload } = delta
    this.#replies.received(replyId, payload.byteLength)
    this.emit('audio', { replyId, payload })
  }

  #onTranscript(event: TextDelta): void {
    this.#watch.progress()
    if (!this.#replies.accepts(event)) return
    this.emit('agentTranscript', { replyId: event.item_id, delta: event.delta })
  }

  #replyDone(replyId: string): void {
    if (this.#replies.finish(replyId)) this.emit('replyDone', { replyId })
  }

  #onSpeechStarted(utteranceId: string): void {
    const { activeId } = this.#sequencer
    this.#sequencer.callerStarted()
    this.#utterances.started(utteranceId)
    if (activeId && !this.#replies.spoke(activeId)) this.#cutUnheard(activeId)
    this.emit('callerSpeechStarted', { utteranceId })
  }

  /** The caller speaks, and its first delta may be on its way: it would speak into their sentence. */
  #cutUnheard(responseId: string): void {
    this.#cut(responseId)
    if (!this.#sequencer.cutUnheard()) this.#utterances.cutReply(responseId)
  }

  /** Whether this response answers the utterance that was nothing, or makes a reply that nobody will hear. */
  #isGivenUp(responseId: string, utteranceId: string, unheard: readonly string[]): boolean {
    return (
      this.#utterances.answers(responseId, utteranceId) ||
      unheard.some((replyId) => this.#replies.isOf(replyId, responseId))
    )
  }

  #cut(responseId: string): void {
    // Named, so that it cannot hit the next response where the service has cancelled this one by itself.
    if (this.#replies.cut(responseId)) {
      this.#connection.send({ type: 'response.cancel', response_id: responseId })
    }
  }

  /** The service refuses to truncate beyond what it generated, and to nothing. */
  #forgetUnheard({ replyId, heardMs, receivedMs }: HeardReply): void {
    if (!this.#replies.has(replyId)) return
    const generatedMs = durationMs(this.outputFormat, this.#replies.receivedBytes(replyId))
    const audio_end_ms = Math.floor(Math.min(heardMs, receivedMs, generatedMs))
    if (audio_end_ms < 1) return this.#deleteItem(replyId)
    const type = 'conversation.item.truncate'
    this.#connection.send({ type, item_id: replyId, content_index: 0, audio_end_ms })
  }

  #request(text: string, ifCut: IfCut, options?: SayOptions): void {
    if (!this.#connection.isOpen || text.trim() === '') return
    this.#sequencer.request(verbatimResponse(text), ifCut, options)
  }

  #deleteItem(item_id: string): void {
    this.#connection.send({ type: 'conversation.item.delete', item_id })
  }

  #onResponseDone(response: RealtimeResponse): void {
    const id = response.id ?? ''
    const output = response.output ?? []
    const failed = response.status === 'failed' && !this.#replies.spoke(id) && !this.#replies.wasCut(id)
    const goesOn = this.#sequencer.responseDone(id, { failed })
    const isWhole = response.status === 'completed' && !this.#replies.wasShortened(id)
    if (id === this.#brokenOffId && isWhole) this.#brokenOffId = null
    this.#utterances.responseDone(id)
    // The caller had finished before the service knew that this reply was given up.
    if (this.#replies.wasCut(id) && this.#utterances.takeUnanswered()) this.#sequencer.continue()
    // First what must be counted: a listener to what follows may end the call.
    if (response.usage) this.#emitUsage(responseUsage(this.#options.model, response.usage))
    const fault = responseFault(response)
    if (fault) this.emit('trouble', { code: fault })
    for (const itemId of this.#replies.unheard(id, output)) this.#deleteItem(itemId)
    for (const replyId of this.#replies.unfinished(id)) this.#replyDone(replyId)
    const spoken = this.#replies.spoke(id)
    for (const call of this.#toolCalls.add(output)) {
      if (!this.#connection.isOpen) return
      this.emit('toolCall', { id: call.call_id, name: call.name, arguments: call.arguments, spoken })
    }
    if (!goesOn) this.#connection.abandon('responses_failed')
    else this.#askForRest(id, response.status === 'failed' && spoken && !this.#replies.wasCut(id))
  }

  /** Half a sentence and then nothing is worse than a seam in it; a service that fails the rest as well is left alone. */
  #askForRest(responseId: string, brokeOff: boolean): void {
    const asks = brokeOff && !this.#asksForRest
    if (brokeOff || this.#replies.spoke(responseId)) this.#asksForRest = asks
    if (asks) this.#sequencer.request(restResponse(this.#options.profile.instructions), 'given_up')
  }

  #emitUsage(records: UsageRecord[]): void {
    if (records.length > 0) this.emit('usage', records)
  }

  #onError({ code, type, event_id }: RealtimeErrorEvent['error']): void {
    const name = code ?? type
    if (event_id) {
      this.#sequencer.itemSettled(event_id)
      this.#sequencer.refused(event_id, name)
    }
    this.emit('trouble', { code: name })
  }

  /** The item bears its event's id, so that both its confirmation and its refusal name it. */
  #addItem(item: OwnItem): void {
    this.#itemCount += 1
    const id = `offhook_${this.#itemCount}`
    this.#sequencer.itemSent(id)
    this.#connection.send({ type: 'conversation.item.create', event_id: id, item: { ...item, id } })
  }

  #onDigits(digits: string): void {
    this.#addItem(textItem('user', `[DTMF ${digits}]`))
    this.#sequencer.continue()
  }
}
