import { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../../audio/format.ts'
import type { AgentEngine, AgentEngineEvents, HeardReply } from '../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import type { PastTurn } from '../past-turns.ts'
import { AgentVoice } from './agent-voice.ts'
import { CallerListening } from './caller-listening.ts'
import type { ChatModel, RequestedCall } from './chat-model.ts'
import { Conversation } from './conversation.ts'
import { KeyedDigits } from './keyed-digits.ts'
import { failurePhrases } from './phrases.ts'
import { ReplyQueue } from './reply-queue.ts'
import type { ReplyRun } from './reply-run.ts'
import { ReplyWriter } from './reply-writer.ts'
import type { SpeechToTextProvider } from './speech-to-text.ts'
import { spokenInstructions } from './spoken-instructions.ts'
import type { TextToSpeechProvider } from './text-to-speech.ts'
import { ToolCallGroups } from './tool-call-groups.ts'
import { Utterance } from './utterance.ts'

export interface CascadeEngineOptions {
  readonly profile: AgentProfile
  readonly tools: readonly ToolSpec[]
  /** The call's own, in both directions. */
  readonly format: AudioFormat
  readonly clock: Clock
  /** In the order in which they are tried, at least one of each. */
  readonly speechToText: readonly SpeechToTextProvider[]
  readonly models: readonly ChatModel[]
  readonly textToSpeech: readonly TextToSpeechProvider[]
  readonly classifiers: Promise<Pick<SpeechClassifiers, 'create'>>
  /** What was said before this engine took over. */
  readonly past?: readonly PastTurn[]
}

/** Keeps a connection to the model open while the caller speaks; idle ones are dropped after about 4 s. */
const WARM_EVERY_MS = 3000

/** Speech to text, a chat model, text to speech: each service streams into the next. */
export class CascadeEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly name = 'cascade'
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly transcribesAll = true
  readonly #options: CascadeEngineOptions
  readonly #conversation: Conversation
  readonly #writer: ReplyWriter
  readonly #voice: AgentVoice
  readonly #replies: ReplyQueue
  readonly #utterance: Utterance
  readonly #calls = new ToolCallGroups()
  readonly #digits: KeyedDigits
  readonly #dismissed = new Set<string>()
  /** The reply that the caller cut while it was being made, until another one is cut. */
  #brokenOff: ReplyRun | null = null
  #listening: CallerListening | null = null
  #tools: readonly ToolSpec[]
  #open = false
  #failing: CallError | null = null
  #saidGoodbye = false
  #warmedAt = Number.NEGATIVE_INFINITY

  constructor(options: CascadeEngineOptions) {
    super()
    const { clock, format, models, profile } = options
    const { apology } = failurePhrases(profile.language)
    const onTrouble = (code: string) => this.#emit('trouble', { code })
    this.#options = options
    this.#tools = options.tools
    this.inputFormat = format
    this.outputFormat = format
    this.#conversation = new Conversation(spokenInstructions(profile), options.past)
    this.#writer = new ReplyWriter({ models, clock, onTrouble })
    this.#voice = new AgentVoice({
      providers: options.textToSpeech,
      format,
      clock,
      apology,
      onTrouble,
      onUsage: (records) => this.#emit('usage', records),
      onLost: (error) => this.#fail(error)
    })
    this.#replies = new ReplyQueue({
      voice: this.#voice,
      apology,
      write: (callerText, signal) => this.#write(callerText, signal),
      writeRest: (signal) => this.#writeRest(signal),
      onText: (run, delta) => this.#onText(run, delta),
      onAudio: (run, payload) => this.#emit('audio', { replyId: run.id, payload }),
      onUsage: (records) => this.#emit('usage', records),
      onDone: (run, calls) => this.#onReplyDone(run, calls),
      onFailed: (error) => this.#giveUp(error)
    })
    this.#utterance = new Utterance({ clock, onEnded: (id, text) => this.#onUtteranceEnded(id, text) })
    this.#digits = new KeyedDigits({ clock, onKeyed: (digits) => this.#onKeyed(digits) })
  }

  async connect(signal: AbortSignal): Promise<void> {
    const classifiers = await this.#options.classifiers
    if (signal.aborted) throw new CallError('ENGINE_CONNECT', 'The call is over', { detail: 'aborted' })
    this.#listening = this.#createListening(classifiers)
    this.#writer.warm()
    this.#open = true
    try {
      await Promise.all([this.#listening.connect(signal), this.#voice.connect(signal)])
    } catch (error) {
      this.close()
      throw error
    }
  }

  greet(): void {
    this.say(this.#options.profile.greeting)
  }

  sendAudio(payload: Uint8Array): void {
    if (this.#open) this.#listening?.sendAudio(payload)
  }

  sendDigit(digit: string): void {
    if (this.#open && !this.#failing) this.#digits.push(digit)
  }

  say(text: string): void {
    if (this.#open && !this.#failing && text.trim() !== '') this.#replies.say(text.trim())
  }

  whisper(text: string): void {
    if (!this.#open) return
    this.#conversation.note(text)
    this.#replies.dropSpeculation()
  }

  interrupt(heard: readonly HeardReply[]): void {
    if (!this.#open || this.#failing) return
    for (const { replyId, heardMs, receivedMs } of heard) {
      const spoken = this.#replies.spokenOf(replyId)
      if (spoken) this.#conversation.agentSaid(replyId, spoken.heard(heardMs, receivedMs))
    }
    this.#replies.dropSpeculation()
    const cut = this.#replies.interrupt()
    // What is cut while it is played again was broken off before, or was not.
    if (cut?.begun || heard.some(({ receivedMs }) => receivedMs > 0)) this.#brokenOff = cut
    this.#cut(cut)
  }

  dismiss(utteranceId: string, unheard: readonly string[] = []): void {
    if (!this.#open) return
    for (const replyId of unheard)
      if (this.#replies.spokenOf(replyId)) this.#conversation.agentSaid(replyId, '')
    this.#dismissed.add(utteranceId)
    this.#conversation.forgetCaller(utteranceId)
    const cut = this.#replies.dismiss(utteranceId)
    if (cut) this.#conversation.agentSaid(cut.id, '')
    this.#cut(cut)
  }

  /** Each utterance is answered by its own words, as they come. */
  answer(): void {}

  remember(text: string, whole = false): void {
    if (!this.#open || this.#failing) return
    if (text !== '') this.#conversation.remember(text)
    const brokenOff = this.#brokenOff
    if (!whole || !brokenOff) return
    this.#brokenOff = null
    this.#replies.goOn(brokenOff)
  }

  setPatience(extraMs: number): void {
    this.#utterance.patienceMs = Math.max(0, extraMs)
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.#tools = tools
  }

  returnToolResult(toolCallId: string, output: string, { reply }: { reply: boolean }): void {
    if (!this.#open || !this.#conversation.toolReturned(toolCallId, output)) return
    this.#replies.dropSpeculation()
    if (this.#calls.settle(toolCallId, reply)) this.#replies.answer(null)
  }

  close(): void {
    this.#open = false
    this.#digits.close()
    this.#utterance.close()
    this.#replies.clear()
    this.#listening?.close()
    this.#voice.close()
  }

  /** Answers what an earlier engine left unanswered, after these words. */
  takeOver(apology: string): void {
    this.say(apology)
    if (this.#open && this.#conversation.awaitsAnswer) this.#replies.answer(null)
  }

  #createListening(classifiers: Pick<SpeechClassifiers, 'create'>): CallerListening {
    const { clock, format, profile, speechToText } = this.#options
    return new CallerListening({
      providers: speechToText,
      format,
      clock,
      classifiers,
      listener: {
        started: () => this.#onSpeech(),
        heard: () => this.#warm(),
        maybeEnded: (text) => this.#onMaybeEnded(text),
        resumed: () => this.#replies.dropSpeculation(),
        ended: (text) => this.#onSpeechEnded(text)
      },
      onTrouble: (code) => this.#emit('trouble', { code }),
      onUsage: (records) => this.#emit('usage', records),
      onFailing: () => this.say(failurePhrases(profile.language).apology),
      onLost: (error) => this.#giveUp(error)
    })
  }

  #onSpeech(): void {
    if (this.#failing) return
    const begins = this.#utterance.begin()
    this.#replies.dropSpeculation()
    this.#warm()
    if (!begins) return
    this.#replies.callerSpeaks(true)
    this.#emit('callerSpeechStarted', { utteranceId: this.#utterance.id })
  }

  #onMaybeEnded(text: string): void {
    if (this.#utterance.patienceMs > 0 || this.#failing || text === '') return
    this.#replies.speculate(this.#utterance.textWith(text))
  }

  #onSpeechEnded(text: string): void {
    if (this.#failing) return
    // Words for which nobody was seen to begin.
    if (!this.#utterance.open && text !== '') this.#onSpeech()
    this.#utterance.partEnded(text)
  }

  #onUtteranceEnded(utteranceId: string, text: string): void {
    if (text !== '') this.#conversation.callerSaid(utteranceId, text)
    this.#emit('callerSpeechStopped', { utteranceId })
    this.#emit('callerTranscript', { utteranceId, text })
    if (text === '' || this.#dismissed.delete(utteranceId)) this.#replies.dropSpeculation()
    else this.#replies.answer(utteranceId, text)
    this.#replies.callerSpeaks(false)
  }

  #onKeyed(digits: string): void {
    this.#conversation.callerSaid('', `[DTMF ${digits}]`)
    this.#replies.dropSpeculation()
    this.#replies.answer(null)
  }

  #write(callerText: string | null, signal: AbortSignal) {
    const tools = this.#tools
    const request = (written: string) => ({
      messages: this.#conversation.messages(callerText, written),
      tools
    })
    return this.#writer.write(request, signal)
  }

  #writeRest(signal: AbortSignal) {
    const tools = this.#tools
    const request = (written: string) => ({ messages: this.#conversation.rest(written), tools })
    return this.#writer.write(request, signal)
  }

  #onText(run: ReplyRun, delta: string): void {
    this.#conversation.agentSaid(run.id, run.spoken.told)
    this.#emit('agentTranscript', { replyId: run.id, delta })
  }

  #onReplyDone(run: ReplyRun, calls: readonly RequestedCall[]): void {
    if (run.begun) this.#emit('replyDone', { replyId: run.id })
    if (this.#failing) {
      this.#saidGoodbye = run.begun
      return this.#fail(this.#failing)
    }
    if (calls.length === 0) return
    this.#conversation.agentCalled(run.id, calls)
    this.#calls.add(calls)
    for (const call of calls) this.#emit('toolCall', { ...call, spoken: run.begun })
  }

  /** Nothing more of this reply comes. */
  #cut(run: ReplyRun | null): void {
    if (run?.begun) this.#emit('replyDone', { replyId: run.id })
  }

  #warm(): void {
    const now = this.#options.clock.now()
    if (now - this.#warmedAt < WARM_EVERY_MS) return
    this.#warmedAt = now
    this.#writer.warm()
  }

  /** All is lost but the voice: the caller is told. */
  #giveUp(error: CallError): void {
    if (!this.#open || this.#failing) return
    this.#failing = error
    this.#utterance.close()
    this.#cut(this.#replies.clear())
    this.#replies.callerSpeaks(false)
    this.#replies.say(failurePhrases(this.#options.profile.language).goodbye)
  }

  #fail(error: CallError): void {
    if (!this.#open) return
    this.#cut(this.#replies.clear())
    this.#emit('failed', error)
    this.close()
  }

  /** Whether the caller has been told goodbye before `failed`. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye
  }

  #emit<Name extends keyof AgentEngineEvents>(name: Name, ...args: AgentEngineEvents[Name]): void {
    if (this.#open) (this as EventEmitter).emit(name, ...args)
  }
}
