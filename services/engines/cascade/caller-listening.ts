import { type AudioFormat, durationMs } from '../../../audio/format.ts'
import type { UsageRecord } from '../../../sessions/contracts/agent-engine.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'
import { connectWithin } from './connect-within.ts'
import { KeptAudio } from './kept-audio.ts'
import type { SpeechToText, SpeechToTextListener, SpeechToTextProvider } from './speech-to-text.ts'
import { SpeechWait } from './speech-wait.ts'
import { SpeechWatch } from './speech-watch.ts'

/** Speech for this long without any answer, or with answers that hold no word: the service has stalled. */
const ANSWER_DEADLINE_MS = 2000
const WORDS_DEADLINE_MS = 6000
const RECONNECT_DEADLINE_MS = 1500
/** A beginning that neither words nor speech follow was nothing, and the service need not say so. Words take a second or two. */
const NOTHING_MS = 3000
/** Seconds of audio are reported in records of this length. */
const USAGE_MS = 5000

export interface CallerListeningOptions {
  /** In the order in which they are tried. At least one. */
  readonly providers: readonly SpeechToTextProvider[]
  readonly format: AudioFormat
  readonly clock: Clock
  /** What tells speech when the services do not. */
  readonly classifiers: Pick<SpeechClassifiers, 'create'>
  readonly listener: Omit<SpeechToTextListener, 'answered' | 'trouble' | 'lost'>
  readonly onTrouble: (code: string) => void
  readonly onUsage: (records: readonly UsageRecord[]) => void
  /** The caller has spoken to a service that did not listen; another one does now. */
  readonly onFailing: () => void
  /** None of them listens any more. */
  readonly onLost: (error: CallError) => void
}

/**
 * Hears the caller, whoever listens: a service that is lost, or says nothing while the caller speaks, is opened once
 * more, then the next one takes over. What the caller said meanwhile is said to it again.
 */
export class CallerListening {
  readonly #options: CallerListeningOptions
  readonly #watch: SpeechWatch
  readonly #kept: KeptAudio
  readonly #abort = new AbortController()
  #index = 0
  #reopened = false
  #service: SpeechToText | null = null
  /** There is speech that no final words have come of. */
  #unsettled = false
  /** The caller began to speak, and nothing told of the end; `worded`: there are words of it. */
  #begun: { worded: boolean } | null = null
  /** Whether they speak now, as far as we can tell. */
  #speech = false
  #cancelNothing = (): void => {}
  readonly #unanswered: SpeechWait
  readonly #wordless: SpeechWait
  #unreportedMs = 0

  constructor(options: CallerListeningOptions) {
    this.#options = options
    this.#watch = new SpeechWatch(options.format, options.classifiers)
    this.#kept = new KeptAudio(options.format)
    this.#unanswered = new SpeechWait(options.clock)
    this.#wordless = new SpeechWait(options.clock)
  }

  /** Rejects with a CallError where none of them can be reached. */
  async connect(signal: AbortSignal): Promise<void> {
    for (;;) {
      const service = this.#create()
      try {
        await service.connect(signal)
        return this.#use(service)
      } catch (error) {
        this.#options.onTrouble('stt_unreachable')
        if (signal.aborted || !this.#nextProvider()) throw error
      }
    }
  }

  sendAudio(payload: Uint8Array): void {
    if (this.#abort.signal.aborted) return
    const ms = durationMs(this.#options.format, payload.byteLength)
    const speech = this.#watch.push(payload)
    this.#unsettled ||= speech
    this.#speech = speech
    this.#kept.push(payload, this.#unsettled)
    if (!this.#service) return
    this.#service.sendAudio(payload)
    this.#report(ms)
    if (!speech) return
    this.#unanswered.add(ms)
    this.#wordless.add(ms)
    const wordless = this.#provider.streams && this.#wordless.over(WORDS_DEADLINE_MS)
    if (!this.#unanswered.over(ANSWER_DEADLINE_MS) && !wordless) return
    const message = 'The caller speaks, and no words come'
    this.#fail(new CallError('ENGINE_UNAVAILABLE', message, { retryable: true, detail: 'stalled' }))
  }

  close(): void {
    this.#abort.abort()
    this.#cancelNothing()
    this.#service?.close()
    this.#service = null
    this.#watch.close()
  }

  get #provider(): SpeechToTextProvider {
    return this.#options.providers[this.#index]
  }

  #create(): SpeechToText {
    const { listener, onTrouble } = this.#options
    let service: SpeechToText | null = null
    // What one that was given up still says is not heard.
    const current = () => service !== null && service === this.#service
    service = this.#provider.create(
      {
        answered: () => this.#answered(current()),
        started: () => current() && this.#started(),
        heard: (text) => current() && this.#heard(text),
        maybeEnded: (text) => current() && listener.maybeEnded(text),
        resumed: () => current() && listener.resumed(),
        ended: (text) => current() && this.#ended(text),
        trouble: (code) => onTrouble(code),
        lost: (error) => current() && this.#fail(error)
      },
      this.#options.classifiers
    )
    return service
  }

  #answered(current: boolean): void {
    if (current) this.#unanswered.reset()
  }

  #started(): void {
    this.#unsettled = true
    this.#begun ??= { worded: false }
    this.#cancelNothing()
    // One that tells words only at the end also tells the end.
    if (this.#provider.streams) this.#endIfNothing()
    this.#options.listener.started()
  }

  /** The caller waits for the agent to go on: noise may begin, and not be said to end. */
  #endIfNothing(): void {
    this.#cancelNothing()
    if (!this.#begun || this.#begun.worded) return
    this.#cancelNothing = this.#options.clock.after(NOTHING_MS, () => {
      if (this.#speech) this.#endIfNothing()
      else this.#ended('')
    })
  }

  #heard(text: string): void {
    this.#begun = { worded: true }
    this.#cancelNothing()
    this.#wordless.reset()
    this.#reopened = false
    this.#options.listener.heard(text)
  }

  #ended(text: string): void {
    this.#begun = null
    this.#cancelNothing()
    if (text !== '') this.#wordless.reset()
    this.#unsettled = false
    this.#kept.forget()
    this.#tellUsage()
    this.#options.listener.ended(text)
  }

  #use(service: SpeechToText): void {
    this.#service = service
    this.#unanswered.reset()
    this.#wordless.reset()
  }

  #nextProvider(): boolean {
    this.#reopened = false
    if (this.#index + 1 >= this.#options.providers.length) return false
    this.#index += 1
    return true
  }

  #fail(error: CallError): void {
    // What was said is kept until another service has heard it.
    this.#cancelNothing()
    this.#service?.close()
    this.#service = null
    void this.#recover(error)
  }

  async #recover(cause: CallError): Promise<void> {
    const { clock, onFailing, onLost, onTrouble } = this.#options
    const { signal } = this.#abort
    onTrouble(`stt_${cause.detail ?? 'failed'}`)
    let error = cause
    while (!signal.aborted) {
      const before = this.#index
      if (!this.#reopened && error.retryable) this.#reopened = true
      else if (!this.#nextProvider()) return onLost(error)
      const service = this.#create()
      try {
        await connectWithin(RECONNECT_DEADLINE_MS, clock, signal, (aborted) => service.connect(aborted))
        this.#use(service)
        // Whether there were words is for this one to say.
        if (this.#begun) this.#begun.worded = false
        this.#endIfNothing()
        for (const payload of this.#kept.payloads) service.sendAudio(payload)
        if (this.#index !== before) onFailing()
        return
      } catch (failure) {
        onTrouble('stt_unreachable')
        error = failure as CallError
      }
    }
  }

  #report(ms: number): void {
    this.#unreportedMs += ms
    if (this.#unreportedMs >= USAGE_MS) this.#tellUsage()
  }

  #tellUsage(): void {
    if (this.#unreportedMs === 0) return
    const { model, provider } = this.#provider
    const quantity = Math.round(this.#unreportedMs) / 1000
    this.#unreportedMs = 0
    this.#options.onUsage([{ provider, model, kind: 'stt', unit: 'second', quantity }])
  }
}
