import { EventEmitter } from 'node:events'
import { type AudioFormat, bytesPerMs, PCMU_8K } from '../../audio/format.ts'
import type {
  AgentEngine,
  AgentEngineEvents,
  EngineName,
  HeardReply,
  SayOptions
} from '../../sessions/contracts/agent-engine.ts'
import type { ToolSpec } from '../../sessions/contracts/agent-profile.ts'

/** An engine that does nothing by itself: a test makes it speak and listens to what it is told. */
export class ScriptedEngine extends EventEmitter<AgentEngineEvents> implements AgentEngine {
  readonly name: EngineName = 'local'
  readonly inputFormat: AudioFormat
  readonly outputFormat: AudioFormat
  transcribesAll = false
  readonly heardFromCaller: Buffer[] = []
  readonly said: string[] = []
  /** Of these, those that do not wait for a caller who speaks. */
  readonly saidAtOnce: string[] = []
  readonly whispered: string[] = []
  readonly digits: string[] = []
  readonly interrupts: (readonly HeardReply[])[] = []
  /** The utterance that each interruption was told to be by, if any. */
  readonly interruptedBy: (string | undefined)[] = []
  readonly dismissed: string[] = []
  /** Replies that it was told to forget because they were kept from the caller. */
  readonly unheard: string[] = []
  readonly answered: { utteranceId: string; text: string }[] = []
  readonly remembered: string[] = []
  readonly patience: number[] = []
  readonly toolNames: string[][] = []
  readonly toolResults: { toolCallId: string; output: string; reply: boolean }[] = []
  greeted = 0
  closed = 0
  readonly #ready = Promise.withResolvers<void>()

  constructor(options: { inputFormat?: AudioFormat; outputFormat?: AudioFormat } = {}) {
    super()
    this.inputFormat = options.inputFormat ?? PCMU_8K
    this.outputFormat = options.outputFormat ?? PCMU_8K
  }

  connect(_signal: AbortSignal): Promise<void> {
    return this.#ready.promise
  }

  /** Settles `connect`; the returned promise settles once the session has seen it. */
  async becomeReady(): Promise<void> {
    this.#ready.resolve()
    await this.#ready.promise
    await Promise.resolve()
  }

  async refuse(error: Error): Promise<void> {
    this.#ready.reject(error)
    await this.#ready.promise.catch(() => undefined)
    await Promise.resolve()
  }

  greet(): void {
    this.greeted += 1
  }

  sendAudio(payload: Uint8Array): void {
    this.heardFromCaller.push(Buffer.from(payload))
  }

  sendDigit(digit: string): void {
    this.digits.push(digit)
  }

  say(text: string, options: SayOptions = {}): void {
    this.said.push(text)
    if (options.atOnce) this.saidAtOnce.push(text)
  }

  whisper(text: string): void {
    this.whispered.push(text)
  }

  interrupt(heard: readonly HeardReply[], utteranceId?: string): void {
    this.interrupts.push(heard)
    this.interruptedBy.push(utteranceId)
  }

  dismiss(utteranceId: string, unheard: readonly string[] = []): void {
    this.dismissed.push(utteranceId)
    this.unheard.push(...unheard)
  }

  answer(utteranceId: string, text: string): void {
    this.answered.push({ utteranceId, text })
  }

  remember(text: string): void {
    this.remembered.push(text)
  }

  setPatience(extraMs: number): void {
    this.patience.push(extraMs)
  }

  setTools(tools: readonly ToolSpec[]): void {
    this.toolNames.push(tools.map(({ name }) => name))
  }

  returnToolResult(toolCallId: string, output: string, options: { reply: boolean }): void {
    this.toolResults.push({ toolCallId, output, reply: options.reply })
  }

  close(): void {
    this.closed += 1
  }

  /** Emits `ms` of a reply's audio, and its text. */
  speak(replyId: string, ms: number, text = ''): void {
    if (text !== '') this.emit('agentTranscript', { replyId, delta: text })
    this.emit('audio', { replyId, payload: new Uint8Array(ms * bytesPerMs(this.outputFormat)).fill(0x55) })
  }
}
