import type { Deepgram } from '@deepgram/sdk'
import { type ListenOptions, ListenSession, nextUtterance, type SessionSetup } from './listen-session.ts'

const UPDATE_MS = 240
const WINDOW_SILENCE_MS = 40

/** `/v2/listen`: Flux finds the turns, says early when one may be over, and takes it back where the caller goes on. */
export class FluxSession extends ListenSession {
  #sequence = 0
  #turnIndex = 0
  #turn: { text: string; startedMs: number; announced: boolean; eager: boolean } | null = null
  #silentSinceMs: number | null = null
  #lastUpdateMs = 0
  #endOfTurnMs: number

  constructor(setup: SessionSetup<ListenOptions>) {
    super(setup)
    this.#endOfTurnMs = setup.options.endOfTurnMs ?? 400
    const connected: Deepgram.listen.ListenV2Connected = {
      type: 'Connected',
      request_id: 'stand-in',
      sequence_id: this.#sequence++
    }
    this.send(connected)
  }

  protected silenceMs(): number {
    return WINDOW_SILENCE_MS
  }

  protected onAudio(samples: Int16Array): void {
    for (const { type, atMs } of this.activity.push(samples)) {
      if (type === 'started') this.#speak(atMs)
      else this.#silentSinceMs = atMs - WINDOW_SILENCE_MS
    }
    if (this.receivedMs - this.#lastUpdateMs >= UPDATE_MS) this.#update()
    if (this.#turn && this.#silentSinceMs !== null) this.#weigh(this.receivedMs - this.#silentSinceMs)
  }

  protected onControl(message: Record<string, unknown>): void {
    if (message.type === 'CloseStream') return this.close(1000)
    if (message.type === 'ForceEndTurn') return this.#end('manual')
    if (message.type === 'Configure') return this.#configure(message as unknown as Configure)
    const error: Deepgram.listen.ListenV2FatalError = {
      type: 'Error',
      sequence_id: this.#sequence++,
      code: 'UNPARSABLE_CLIENT_MESSAGE',
      description: 'Could not deserialize last text message.'
    }
    this.send(error)
    this.close(1008)
  }

  #configure({ thresholds }: Configure): void {
    if (thresholds?.eot_timeout_ms) this.#endOfTurnMs = Number(thresholds.eot_timeout_ms)
    const success: Deepgram.listen.ListenV2ConfigureSuccess = {
      type: 'ConfigureSuccess',
      request_id: 'stand-in',
      thresholds: thresholds ?? {},
      keyterms: [],
      sequence_id: this.#sequence++
    }
    this.send(success)
  }

  #speak(atMs: number): void {
    this.#silentSinceMs = null
    if (!this.#turn) {
      const text = this.textOf(nextUtterance(this.options))
      this.#turn = { text, startedMs: atMs, announced: false, eager: false }
    } else if (this.#turn.eager) {
      this.#turn.eager = false
      const before = this.#turn.text
      // What is said after the pause belongs to the same turn.
      this.#turn.text = `${before} ${this.textOf(nextUtterance(this.options))}`.trim()
      this.#info('TurnResumed', before)
    }
  }

  #update(): void {
    this.#lastUpdateMs = this.receivedMs
    const turn = this.#turn
    if (turn?.eager) return
    const heard = turn ? this.wordsAfter(turn.text, this.receivedMs - turn.startedMs) : ''
    if (turn && heard !== '' && !turn.announced) this.#announce(turn, heard)
    else this.#info('Update', heard)
  }

  #announce(turn: { announced: boolean }, heard: string): void {
    turn.announced = true
    this.#info('StartOfTurn', heard)
  }

  #weigh(silentMs: number): void {
    const turn = this.#turn
    if (!turn) return
    if (turn.text === '') {
      this.#turn = null
      return
    }
    const { eagerMs = 160 } = this.options
    if (!turn.announced) this.#announce(turn, turn.text)
    if (this.query.eager_eot_threshold && !turn.eager && silentMs >= eagerMs) {
      turn.eager = true
      this.#info('EagerEndOfTurn', turn.text)
    }
    if (silentMs >= this.#endOfTurnMs) this.#end('model')
  }

  #end(trigger: string): void {
    if (!this.#turn) return
    const { text } = this.#turn
    this.#turn = null
    this.#silentSinceMs = null
    this.#info('EndOfTurn', text, trigger)
    this.#turnIndex += 1
  }

  #info(event: Deepgram.listen.ListenV2TurnInfo.Event, transcript: string, trigger?: string): void {
    const words = transcript.split(' ').filter((word) => word !== '')
    const info: Deepgram.listen.ListenV2TurnInfo = {
      type: 'TurnInfo',
      request_id: 'stand-in',
      sequence_id: this.#sequence++,
      event,
      turn_index: this.#turnIndex,
      audio_window_start: (this.#turn?.startedMs ?? 0) / 1000,
      audio_window_end: this.receivedMs / 1000,
      transcript,
      words: words.map((word) => ({ word, confidence: 0.99 })),
      end_of_turn_confidence: event === 'EndOfTurn' ? 0.9 : event === 'EagerEndOfTurn' ? 0.6 : 0.1,
      ...(trigger && { trigger })
    }
    this.send(info)
  }
}

type Configure = Deepgram.listen.ListenV2Configure
