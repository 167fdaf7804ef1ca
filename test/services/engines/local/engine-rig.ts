import { durationMs, PCMU_8K } from '../../../../audio/format.ts'
import { createTranscoder } from '../../../../audio/transcoder.ts'
import { DEFAULT_AGENT } from '../../../../services/default-agent.ts'
import { LocalEngine, type LocalEngineOptions } from '../../../../services/engines/local/local-engine.ts'
import type { Recognition } from '../../../../services/speech/local-speech.ts'
import type { SpeechClassifier } from '../../../../services/speech/speech-classifier.ts'
import type { HeardReply, ToolCall, UsageRecord } from '../../../../sessions/contracts/agent-engine.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { noiseLike, pcm16Bytes } from '../../../support/speech-like.ts'
import { until } from '../../../support/until.ts'
import { receptionist } from './receptionist.ts'

const PCM16_8K = { encoding: 'pcm16', sampleRate: 8000 } as const
const FRAME_MS = 20
/** Of every clause that the scripted voice says. */
export const CLAUSE_MS = 1000

/** Ears that hear what the test says, and a voice whose clauses come when the test lets them. */
export class ScriptedSpeech {
  /** What the next utterances are recognised as; nothing when empty. */
  readonly recognitions: (Recognition | Promise<Recognition> | Error)[] = []
  readonly heardSamples: number[] = []
  readonly synthesised: { text: string; voice: string; stretch: number | undefined }[] = []
  /** Clauses wait for `release`. */
  held = false
  failing = false
  /** Somebody else's utterance is being recognised. */
  busy = false
  #waiting: (() => void)[] = []

  async recognise(pcm: Int16Array): Promise<Recognition> {
    this.heardSamples.push(pcm.length)
    const next = await this.recognitions.shift()
    if (next instanceof Error) throw next
    return next ?? { text: '', confidence: 0 }
  }

  async synthesise(text: string, options: { voice: 'rms' | 'slt'; stretch?: number }): Promise<Int16Array> {
    this.synthesised.push({ text, voice: options.voice, stretch: options.stretch })
    if (this.failing) throw new Error('the voice is hoarse')
    if (this.held) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return new Int16Array(CLAUSE_MS * 16)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Lets the clause that has waited longest through. */
  release(): void {
    this.#waiting.shift()?.()
  }
}

/** What is loud is speech. */
class LoudnessClassifier implements SpeechClassifier {
  readonly onsetMs = 100
  readonly onsetLagMs = 0
  readonly endLagMs = 0
  closed = 0

  classify(_frame: Int16Array, loud: boolean) {
    return loud ? ('voiced' as const) : ('other' as const)
  }

  close(): void {
    this.closed += 1
  }
}

export class EngineRig {
  readonly speech = new ScriptedSpeech()
  readonly clock = new ManualClock()
  readonly classifier = new LoudnessClassifier()
  readonly engine: LocalEngine
  /** Every event in order, as `name` or `name text`. */
  readonly log: string[] = []
  readonly toolCalls: ToolCall[] = []
  readonly usage: UsageRecord[] = []
  readonly audioMs = new Map<string, number>()
  readonly replyIds: string[] = []
  #toCall = createTranscoder(PCM16_8K, PCMU_8K)

  constructor(options: Pick<LocalEngineOptions, 'dialogue'> & Partial<LocalEngineOptions>) {
    this.engine = new LocalEngine({
      speech: this.speech,
      classifiers: Promise.resolve({ create: () => this.classifier }),
      profile: DEFAULT_AGENT,
      format: PCMU_8K,
      tools: [],
      clock: this.clock,
      ...options
    })
    this.#listen()
  }

  static async connected(options: Partial<LocalEngineOptions> = {}): Promise<EngineRig> {
    const rig = new EngineRig({ dialogue: await receptionist(), ...options })
    await rig.engine.connect(new AbortController().signal)
    rig.quiet(400)
    return rig
  }

  /** The caller makes sound for this long; then silence until the agent takes it for the end, unless `open`. */
  speak(ms: number, options: { as?: Recognition; open?: boolean } = {}): void {
    if (options.as) this.speech.recognitions.push(options.as)
    this.#send(noiseLike({ sampleRate: 8000, ms }))
    if (!options.open) this.quiet(1300)
  }

  /** The caller says this, and the agent's answer has been made. */
  async ask(text: string): Promise<string> {
    const before = this.log.length
    this.speak(1000, { as: { text, confidence: 1 } })
    await this.event('replyDone', before)
    return this.textSince(before)
  }

  quiet(ms: number): void {
    this.#send(new Int16Array(ms * 8))
  }

  /** Resolves when the event came after this place in the log. */
  event(name: string, from = 0): Promise<string> {
    return until(() => this.log.slice(from).find((entry) => entry.split(' ')[0] === name), name)
  }

  names(from = 0): string[] {
    return this.log.slice(from).map((entry) => entry.split(' ')[0]!)
  }

  textSince(from: number): string {
    const deltas = this.log.slice(from).filter((entry) => entry.startsWith('text '))
    return deltas.map((entry) => entry.slice(5)).join('')
  }

  /** As a session does when the caller takes the floor. */
  interrupt(heard: readonly HeardReply[]): void {
    this.engine.interrupt(heard)
  }

  #send(pcm: Int16Array): void {
    const frame = FRAME_MS * 8
    for (let at = 0; at < pcm.length; at += frame)
      this.engine.sendAudio(this.#toCall.push(pcm16Bytes(pcm.slice(at, at + frame))))
  }

  #listen(): void {
    const { engine, log } = this
    engine.on('callerSpeechStarted', () => log.push('started'))
    engine.on('callerSpeechStopped', () => log.push('stopped'))
    engine.on('callerTranscript', ({ text }) => log.push(`transcript ${text}`))
    engine.on('agentTranscript', ({ delta }) => log.push(`text ${delta}`))
    engine.on('audio', ({ replyId, payload }) => {
      const ms = durationMs(engine.outputFormat, payload.length)
      this.audioMs.set(replyId, (this.audioMs.get(replyId) ?? 0) + ms)
      if (!this.replyIds.includes(replyId)) this.replyIds.push(replyId)
      if (log.at(-1) !== 'audio') log.push('audio')
    })
    engine.on('replyDone', () => log.push('replyDone'))
    engine.on('trouble', ({ code }) => log.push(`trouble ${code}`))
    engine.on('toolCall', (call) => {
      this.toolCalls.push(call)
      log.push(`toolCall ${call.name}`)
    })
    engine.on('usage', (records) => this.usage.push(...records))
  }
}
