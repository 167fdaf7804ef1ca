import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../../audio/format.ts'
import type { AgentEngine, AgentEngineEvents, HeardReply } from '../../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { LocalSpeech, Recognition } from '../../speech/local-speech.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import { CallerEars, type Utterance } from './caller-ears.ts'
import { Dialogue, type DialogueTurn, ENDPOINT_SILENCE_MS } from './dialogue.ts'
import type { DialogueScript } from './dialogue-file.ts'
import { ReplySpeaker, type SpokenReply } from './reply-speaker.ts'

export interface LocalEngineOptions {
  readonly speech: Pick<LocalSpeech, 'busy' | 'recognise' | 'synthesise'>
  /** What its ears tell speech by. Resolves when `speech` can be used, too. */
  readonly classifiers: Promise<Pick<SpeechClassifiers, 'create'>>
  readonly dialogue: DialogueScript
  readonly profile: AgentProfile
  /** The call's own, in both directions. */
  readonly format: AudioFormat
  /** Names of the tools that the dialogue may call, beside `end_call`. */
  readonly tools: readonly string[]
  readonly clock: Clock
}

const CONNECT_DEADLINE_MS = 10_000
/** Time to find the next key; after it what was keyed is taken as it is. */
const KEY_PAUSE_MS = 2500
/** Nobody says anything in less: a cough, a click, a door. */
const MIN_SPEECH_MS = 400
/** A question cut after this share of it has been understood as one. */
const MOSTLY_HEARD = 0.7
const END_CALL = 'end_call'
const NOTHING: Recognition = { text: '', confidence: 0 }

/** The longest that what is to be said waits for a caller who speaks: it may be a line that is never quiet. */
const LONGEST_HOLD_MS = 5000

type Speech = Pick<SpokenReply, 'text' | 'afterwards' | 'inTurn'>

/** The embedded agent: hears with a grammar, answers from a dialogue file, speaks with a local voice. Nothing leaves the machine. */
export class LocalEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly name = 'local'
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly transcribesAll = true
  readonly #options: LocalEngineOptions
  readonly #dialogue: Dialogue
  readonly #speaker: ReplySpeaker
  /** The dialogue looks into it with each call. */
  readonly #tools: Set<string>
  #ears: CallerEars | null = null
  #open = false
  #utteranceId = ''
  /** Recognised while it was not sure yet that the caller had finished. */
  #early: { utterance: Utterance; recognition: Promise<Recognition> } | null = null
  /** Utterances that are being recognised, one after the other. */
  #recognising: Promise<void> = Promise.resolve()
  readonly #dismissed = new Set<string>()
  /** What was not said because the caller spoke; said after all if that was nothing. */
  #unsaid: Speech | null = null
  /** What is to be said, whatever the caller says, once they have said it. */
  #held: Speech[] = []
  #cancelHold: (() => void) | null = null
  /** The utterance that the reply under way answers. */
  #answeringId = ''
  #toolCallId = ''
  #patienceMs = 0
  #cancelKeyPause: () => void = () => {}

  constructor(options: LocalEngineOptions) {
    super()
    const { dialogue, format, profile, speech, tools } = options
    this.#options = options
    this.inputFormat = format
    this.outputFormat = format
    this.#tools = new Set([END_CALL, ...tools])
    this.#dialogue = new Dialogue({ script: dialogue, tools: this.#tools })
    this.#speaker = new ReplySpeaker({
      speech,
      voice: voiceOf(profile, format),
      stretch: () => this.#dialogue.stretch,
      format,
      onText: (replyId, delta) => this.#emit('agentTranscript', { replyId, delta }),
      onAudio: (replyId, payload) => this.#emit('audio', { replyId, payload }),
      onDone: (replyId) => this.#emit('replyDone', { replyId }),
      onSynthesised: (characters) => this.#use('tts', 'character', characters),
      onFailed: () => this.#emit('trouble', { code: 'voice_failed' })
    })
  }

  async connect(signal: AbortSignal): Promise<void> {
    const refused = Promise.withResolvers<never>()
    const onAbort = () => refused.reject(signal.reason)
    const cancelDeadline = this.#options.clock.after(CONNECT_DEADLINE_MS, () =>
      refused.reject(new Error('the deadline passed'))
    )
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      const classifiers = await Promise.race([this.#options.classifiers, refused.promise])
      this.#ears = new CallerEars({
        format: this.inputFormat,
        classifiers,
        onStarted: () => this.#onSpeechStarted(),
        onPaused: (utterance) => this.#recogniseEarly(utterance),
        onStopped: (utterance) => this.#onSpeechStopped(utterance)
      })
      this.#open = true
    } catch (cause) {
      throw new CallError('ENGINE_CONNECT', 'The embedded agent is not ready', { retryable: true, cause })
    } finally {
      cancelDeadline()
      signal.removeEventListener('abort', onAbort)
    }
  }

  greet(): void {
    this.say(this.#options.profile.greeting)
  }

  sendAudio(payload: Uint8Array): void {
    if (this.#open) this.#ears?.push(payload)
  }

  sendDigit(digit: string): void {
    if (!this.#open) return
    this.#cancelKeyPause()
    const turn = this.#dialogue.digit(digit)
    if (turn) this.#answer(turn)
    else this.#cancelKeyPause = this.#options.clock.after(KEY_PAUSE_MS, () => this.#onKeyPause())
  }

  say(text: string): void {
    if (!this.#open || text.trim() === '') return
    this.#dialogue.said(text)
    this.#sayInTurn({ text, afterwards: () => {} })
  }

  /** Does nothing: this agent has no model to be told. */
  whisper(_text: string): void {}

  interrupt(heard: readonly HeardReply[]): void {
    if (!this.#open) return
    this.#cutShort()
    const last = heard.at(-1)
    if (!last) return
    const lengthMs = this.#speaker.lengthOf(last.replyId)
    if (lengthMs === null || last.heardMs < lengthMs * MOSTLY_HEARD) this.#dialogue.questionHeard = false
  }

  dismiss(utteranceId: string): void {
    if (!this.#open) return
    if (utteranceId === this.#answeringId) {
      this.#speaker.cancel()
      return
    }
    this.#dismissed.add(utteranceId)
  }

  /** Each utterance is answered by its own words, as they come. */
  answer(): void {}

  /** A reply that is resumed is heard after all, and so is its question. */
  remember(_text: string): void {
    this.#dialogue.questionHeard = true
  }

  /** What the dialogue itself waits where it asks for digits is not added to. */
  setPatience(extraMs: number): void {
    this.#patienceMs = extraMs
    this.#setEndpoint()
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.#tools.clear()
    for (const name of [END_CALL, ...tools.map((tool) => tool.name)]) this.#tools.add(name)
  }

  returnToolResult(toolCallId: string, output: string, options: { reply: boolean }): void {
    if (!this.#open || toolCallId !== this.#toolCallId) return
    this.#toolCallId = ''
    const turn = this.#dialogue.toolResult(output)
    if (turn && options.reply) this.#sayInTurn(this.#speechOf(turn))
  }

  close(): void {
    this.#open = false
    this.#cancelHold?.()
    this.#cancelKeyPause()
    this.#speaker.cancel()
    this.#ears?.close()
    this.#ears = null
  }

  #onSpeechStarted(): void {
    this.#utteranceId = randomUUID()
    this.#cancelKeyPause()
    // The caller goes on before the answer has begun. One that is being heard is the session's to interrupt.
    if (this.#speaker.unbegun) this.#cutShort()
    this.#emit('callerSpeechStarted', { utteranceId: this.#utteranceId })
  }

  #onSpeechStopped(utterance: Utterance): void {
    const utteranceId = this.#utteranceId
    this.#emit('callerSpeechStopped', { utteranceId })
    this.#recognising = this.#recognising
      .then(() => this.#recognise(utteranceId, utterance))
      .catch(() => this.#emit('trouble', { code: 'answer_failed' }))
  }

  /** The recogniser works while the endpoint is waited for; not where others are waiting for theirs. */
  #recogniseEarly(utterance: Utterance): void {
    const { speech } = this.#options
    if (!this.#open || speech.busy) return
    const recognition = speech.recognise(utterance.pcm)
    recognition.catch(() => {})
    this.#early = { utterance, recognition }
  }

  async #recognise(utteranceId: string, utterance: Utterance): Promise<void> {
    const { speechMs } = utterance
    const recognition = this.#open ? await this.#tryToRecognise(utterance) : NOTHING
    if (!this.#open) return
    const understood = this.#dialogue.isSure(recognition.confidence) ? recognition.text : ''
    this.#emit('callerTranscript', { utteranceId, text: understood })
    const nothing = understood === '' && speechMs < MIN_SPEECH_MS && !this.#dialogue.asking
    if (this.#dismissed.delete(utteranceId) || nothing) {
      this.#sayUnsaid()
      if (!this.#ears?.speaking) this.#sayHeld()
      return
    }
    this.#unsaid = null
    if (!this.#ears?.speaking) this.#sayHeld()
    this.#answeringId = utteranceId
    this.#answer(this.#dialogue.hear(understood, recognition.confidence))
  }

  async #tryToRecognise(utterance: Utterance): Promise<Recognition> {
    const { pcm } = utterance
    const early = this.#early?.utterance === utterance ? this.#early.recognition : null
    this.#early = null
    try {
      const recognition = await (early ?? this.#options.speech.recognise(pcm))
      this.#use('stt', 'second', pcm.length / 16_000)
      return recognition
    } catch {
      this.#emit('trouble', { code: 'recogniser_failed' })
      return NOTHING
    }
  }

  #onKeyPause(): void {
    const turn = this.#open ? this.#dialogue.endDigits() : null
    if (turn) this.#answer(turn)
  }

  /** Answers, unless the caller is speaking again: then what they say next is answered. */
  #answer(turn: DialogueTurn): void {
    this.#setEndpoint()
    const speech = this.#speechOf(turn)
    if (!this.#ears?.speaking) return this.#speak(speech)
    this.#unsaid = speech
    this.#dialogue.questionHeard = false
  }

  #setEndpoint(): void {
    if (!this.#ears) return
    const patient = ENDPOINT_SILENCE_MS + this.#patienceMs
    this.#ears.endpointSilenceMs = Math.max(this.#dialogue.endpointSilenceMs, patient)
  }

  #speechOf({ say, tool }: DialogueTurn): Speech {
    return { text: say, afterwards: () => tool && this.#call(tool, say !== '') }
  }

  /** Whatever else is said, but not into what the caller says. */
  #sayInTurn(speech: Speech): void {
    if (this.#ears?.speaking) this.#hold([...this.#held, speech])
    else this.#speak({ ...speech, inTurn: true })
  }

  #hold(held: Speech[]): void {
    this.#held = held
    if (held.length > 0)
      this.#cancelHold ??= this.#options.clock.after(LONGEST_HOLD_MS, () => this.#sayHeld())
  }

  #sayHeld(): void {
    this.#cancelHold?.()
    this.#cancelHold = null
    const held = this.#held
    this.#held = []
    for (const speech of held) this.#speak({ ...speech, inTurn: true })
  }

  #speak(speech: Speech): void {
    this.#speaker.speak({ id: randomUUID(), ...speech })
  }

  #call(tool: { name: string; arguments: string }, spoken: boolean): void {
    this.#toolCallId = randomUUID()
    this.#emit('toolCall', { id: this.#toolCallId, name: tool.name, arguments: tool.arguments, spoken })
  }

  #cutShort(): void {
    const cut = this.#speaker.cancel()
    if (!cut) return
    const later = cut.begun ? cut.waiting : [cut.reply, ...cut.waiting]
    this.#hold([...later.filter(({ inTurn }) => inTurn), ...this.#held])
    if (!cut.begun && cut.reply.inTurn) return
    this.#dialogue.questionHeard = false
    this.#unsaid = { text: cut.rest, afterwards: cut.reply.afterwards }
  }

  #sayUnsaid(): void {
    const unsaid = this.#unsaid
    this.#unsaid = null
    if (!this.#open || !unsaid || this.#ears?.speaking) return
    this.#dialogue.questionHeard = true
    this.#speak(unsaid)
  }

  #use(kind: 'stt' | 'tts', unit: string, quantity: number): void {
    this.#emit('usage', [{ provider: 'offhook', model: 'local', kind, unit, quantity }])
  }

  #emit<Name extends keyof AgentEngineEvents>(name: Name, ...args: AgentEngineEvents[Name]): void {
    if (this.#open) (this as EventEmitter).emit(name, ...args)
  }
}

/** `rms` is the clearest over the telephone, `slt` the more pleasant on wideband; the agent may choose. */
function voiceOf(profile: AgentProfile, format: AudioFormat): 'rms' | 'slt' {
  if (profile.voice === 'rms' || profile.voice === 'slt') return profile.voice
  return format.sampleRate === 8000 ? 'rms' : 'slt'
}
