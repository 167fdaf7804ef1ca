import { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../audio/format.ts'
import type {
  AgentEngine,
  AgentEngineEvents,
  EngineName,
  HeardReply,
  SayOptions
} from '../../sessions/contracts/agent-engine.ts'
import type { ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CallError } from '../../sessions/errors.ts'
import { connectWithin } from './cascade/connect-within.ts'
import { KeptAudio } from './cascade/kept-audio.ts'
import { ENGINE_EVENTS, type EventFields } from './engine-events.ts'
import { EngineRenewal, type Renewal } from './engine-renewal.ts'
import { Lull } from './lull.ts'
import { type PastTurn, PastTurns } from './past-turns.ts'

/** While the caller hears nothing. */
const RECONNECT_DEADLINE_MS = 3000
/** An engine that has worked for this long was well: where it is lost, every replacement is worth a try again. */
const WELL_AFTER_MS = 30_000
const GOODBYE = 'I am sorry, we have a technical problem. Please call again later. Goodbye.'

/** An engine to go on with where the one before is lost. */
export interface Replacement {
  /** Takes and makes the same audio. */
  create(past: readonly PastTurn[]): AgentEngine
  /** It is connected: it says that it is back, and answers what was left unanswered where it can. */
  takeOver(engine: AgentEngine, past: readonly PastTurn[]): void
}

export interface FailoverEngineOptions {
  readonly first: AgentEngine
  /** In the order in which they are tried. */
  readonly replacements: readonly Replacement[]
  readonly clock: Clock
  /** A text in a voice that needs no service, in the engine's output format; rejects where there is none. */
  readonly lastWords: (text: string, format: AudioFormat) => Promise<Uint8Array>
  /** Where sessions of the first engine's kind may only last so long. */
  readonly renewal?: Renewal
  /** The first engine is lost, or has been renewed. */
  readonly onLost?: () => void
}

/** An engine that survives its own loss: the next one goes on with the conversation so far; the last words need none. */
export class FailoverEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  readonly #options: FailoverEngineOptions
  readonly #past = new PastTurns()
  readonly #kept: KeptAudio
  readonly #abort = new AbortController()
  readonly #lull: Lull
  readonly #renewal: EngineRenewal | null = null
  #tools: readonly ToolSpec[] | null = null
  #patienceMs = 0
  /** What is to be said, and what was keyed, while there is no engine: the next one's. */
  #waiting: ((engine: AgentEngine) => void)[] = []
  /** Notes that an engine which is still connecting was not made with. */
  #notes: string[] = []
  #current: AgentEngine
  /** The current engine takes what is sent; otherwise audio is kept for the next. */
  #ready = false
  #greeted = false
  /** The caller or the agent has been heard: it is too late for a greeting. */
  #begun = false
  /** When the current engine was connected. */
  #since = 0
  #replaced = 0
  #isFirst = true
  #lost: CallError | null = null
  #unlisten: () => void = () => {}

  constructor(options: FailoverEngineOptions) {
    super()
    this.#options = options
    this.#current = options.first
    this.inputFormat = options.first.inputFormat
    this.outputFormat = options.first.outputFormat
    this.#kept = new KeptAudio(this.inputFormat)
    this.#lull = new Lull({ clock: options.clock, format: this.outputFormat })
    const { clock, renewal } = options
    if (!renewal) return
    this.#renewal = new EngineRenewal({
      renewal,
      clock,
      signal: this.#abort.signal,
      isLull: () => this.#lull.isNow,
      onRenewed: (engine) => this.#renewed(engine, renewal)
    })
  }

  get name(): EngineName {
    return this.#current.name
  }

  get transcribesAll(): boolean {
    return this.#current.transcribesAll
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#listen(this.#current)
    try {
      await this.#current.connect(signal)
      this.#since = this.#options.clock.now()
      this.#ready = true
      this.#renewal?.start()
    } catch (error) {
      if (signal.aborted || this.#abort.signal.aborted) throw error
      this.#unlisten()
      this.#firstLost()
      // The call has been answered: it is not ended without a word, see `greet`.
      if (!(await this.#replace())) this.#lost = asCallError(error)
    }
  }

  greet(): void {
    this.#greeted = true
    this.#lull.asked()
    if (this.#lost) return void this.#farewell(this.#lost)
    this.#current.greet()
    this.#handOn()
  }

  sendAudio(payload: Uint8Array): void {
    if (this.#ready) this.#current.sendAudio(payload)
    else if (!this.#abort.signal.aborted) this.#kept.push(payload, true)
  }

  sendDigit(digit: string): void {
    this.#lull.asked()
    this.#whenReady((engine) => engine.sendDigit(digit))
  }

  say(text: string, options?: SayOptions): void {
    this.#lull.asked()
    this.#whenReady((engine) => engine.say(text, options))
  }

  whisper(text: string): void {
    this.#past.noted(text)
    if (this.#ready) this.#current.whisper(text)
    else this.#notes.push(text)
  }

  interrupt(heard: readonly HeardReply[], utteranceId?: string): void {
    for (const reply of heard) this.#past.cut(reply)
    this.#lull.interrupted()
    if (this.#ready) this.#current.interrupt(heard, utteranceId)
  }

  dismiss(utteranceId: string, unheard: readonly string[] = []): void {
    this.#past.dismissed(utteranceId)
    for (const replyId of unheard) this.#past.dismissed(replyId)
    if (this.#ready) this.#current.dismiss(utteranceId, unheard)
  }

  answer(utteranceId: string, text: string): void {
    this.#lull.asked()
    if (this.#ready) this.#current.answer(utteranceId, text)
  }

  remember(text: string, whole?: boolean): void {
    if (text !== '') this.#past.agentSaid('', text)
    if (this.#ready) this.#current.remember(text, whole)
  }

  setPatience(extraMs: number): void {
    this.#patienceMs = extraMs
    if (this.#ready) this.#current.setPatience(extraMs)
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.#tools = tools
    if (this.#ready) this.#current.setTools(tools)
  }

  returnToolResult(toolCallId: string, output: string, options: { reply: boolean }): void {
    if (this.#lull.toolReturned(toolCallId)) {
      if (this.#ready) this.#current.returnToolResult(toolCallId, output, options)
    } else this.whisper(`A tool that was called before has returned: ${output}`)
  }

  close(): void {
    this.#abort.abort()
    this.#renewal?.stop()
    this.#unlisten()
    this.#current.close()
  }

  #listen(engine: AgentEngine): void {
    const handlers = ENGINE_EVENTS.map((name) => {
      const handler = (value: unknown) => this.#pass(name, value)
      ;(engine as EventEmitter).on(name, handler)
      return { name, handler }
    })
    this.#unlisten = () => {
      for (const { name, handler } of handlers) (engine as EventEmitter).off(name, handler)
    }
  }

  #pass(name: keyof AgentEngineEvents, value: unknown): void {
    if (this.#abort.signal.aborted) return
    if (name === 'failed') return void this.#onLost(value as CallError)
    this.#note(name, (value ?? {}) as EventFields)
    ;(this as EventEmitter).emit(name, value)
  }

  #note(name: keyof AgentEngineEvents, value: EventFields): void {
    this.#begun ||= name === 'callerSpeechStarted' || name === 'audio'
    this.#lull.note(name, value)
    if (name === 'callerSpeechStopped') this.#past.callerSpoke(value.utteranceId)
    else if (name === 'callerTranscript') this.#past.callerSaid(value.utteranceId, value.text)
    else if (name === 'agentTranscript') this.#past.agentSaid(value.replyId, value.delta)
  }

  /** Nothing is open, and nobody notices. */
  #renewed(engine: AgentEngine, { goOn }: Renewal): void {
    const before = this.#current
    this.#unlisten()
    this.#firstLost()
    this.#goOn(engine)
    goOn(engine, this.#past.turns)
    before.close()
  }

  async #onLost(error: CallError): Promise<void> {
    const saidGoodbye = 'saidGoodbye' in this.#current && this.#current.saidGoodbye === true
    this.#ready = false
    this.#renewal?.stop()
    this.#unlisten()
    this.#firstLost()
    if (this.#options.clock.now() - this.#since >= WELL_AFTER_MS) this.#replaced = 0
    this.#settle()
    if (saidGoodbye) return this.#fail(error)
    this.#tell('trouble', { code: error.detail ?? 'engine_lost' })
    if (!(await this.#replace())) await this.#farewell(error)
  }

  #firstLost(): void {
    if (this.#isFirst) this.#options.onLost?.()
    this.#isFirst = false
  }

  /** What the lost engine left open. */
  #settle(): void {
    const { replyIds, utteranceId } = this.#lull.engineLost()
    for (const replyId of replyIds) this.#tell('replyDone', { replyId })
    if (utteranceId !== null) this.#tell('callerSpeechStopped', { utteranceId })
    // Whatever the agent was stopped for, it does not go on as if that had been nothing.
    this.#tell('misheard')
    if (utteranceId !== null) this.#tell('callerTranscript', { utteranceId, text: '' })
  }

  /** Whether another engine goes on. */
  async #replace(): Promise<boolean> {
    const { clock, replacements } = this.#options
    const { signal } = this.#abort
    while (this.#replaced < replacements.length && !signal.aborted) {
      const replacement = replacements[this.#replaced]
      this.#replaced += 1
      const past = this.#past.turns
      this.#notes = []
      const engine = replacement.create(past)
      try {
        await connectWithin(RECONNECT_DEADLINE_MS, clock, signal, (aborted) => engine.connect(aborted))
        this.#goOn(engine)
        if (this.#begun) replacement.takeOver(engine, past)
        else if (this.#greeted) engine.greet()
        if (this.#greeted) this.#handOn()
        return true
      } catch (error) {
        engine.close()
        this.#tell('trouble', { code: asCallError(error).detail ?? 'engine_unreachable' })
      }
    }
    return signal.aborted
  }

  #goOn(engine: AgentEngine): void {
    this.#current = engine
    this.#listen(engine)
    this.#since = this.#options.clock.now()
    this.#ready = true
    if (engine.name === this.#options.first.name) this.#renewal?.start()
    if (this.#tools) engine.setTools(this.#tools)
    engine.setPatience(this.#patienceMs)
    for (const payload of this.#kept.payloads) engine.sendAudio(payload)
    this.#kept.forget()
  }

  #whenReady(deed: (engine: AgentEngine) => void): void {
    if (this.#ready) deed(this.#current)
    else if (!this.#abort.signal.aborted) this.#waiting.push(deed)
  }

  /** What came while there was no engine. */
  #handOn(): void {
    for (const note of this.#notes) this.#current.whisper(note)
    for (const deed of this.#waiting) deed(this.#current)
    this.#notes = []
    this.#waiting = []
  }

  /** All is lost: the caller is told, in a voice that needs nobody. */
  async #farewell(error: CallError): Promise<void> {
    const replyId = 'last-words'
    try {
      const payload = await this.#options.lastWords(GOODBYE, this.outputFormat)
      this.#tell('agentTranscript', { replyId, delta: GOODBYE })
      this.#tell('audio', { replyId, payload })
      this.#tell('replyDone', { replyId })
    } catch {
      this.#tell('trouble', { code: 'last_words_failed' })
    }
    this.#fail(error)
  }

  #fail(error: CallError): void {
    this.#tell('failed', error)
    this.close()
  }

  #tell<Name extends keyof AgentEngineEvents>(name: Name, ...args: AgentEngineEvents[Name]): void {
    if (!this.#abort.signal.aborted) (this as EventEmitter).emit(name, ...args)
  }
}

function asCallError(error: unknown): CallError {
  return error instanceof CallError
    ? error
    : new CallError('ENGINE_CONNECT', 'The engine failed', { cause: error })
}
