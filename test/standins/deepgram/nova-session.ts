import type { Deepgram } from '@deepgram/sdk'
import { ListenSession, nextUtterance } from './listen-session.ts'

const INTERIM_MS = 300
/** Longer utterances come in several final pieces. */
const FINAL_PIECE_WORDS = 6
const EMPTY_RESULT_MS = 3000

/** `/v1/listen`: results, interim ones too, in pieces that are final by and by; then `speech_final` and `UtteranceEnd`. */
export class NovaSession extends ListenSession {
  #text = ''
  #startedMs = 0
  #finalWords = 0
  #lastResultMs = 0
  /** When `UtteranceEnd` is due, in ms of audio; null while somebody speaks. */
  #utteranceEndMs: number | null = null
  #lastWordMs = 0
  /** What was decided about the utterance before its end was told. */
  #open = false

  protected silenceMs(): number {
    return Number(this.query.endpointing ?? 10)
  }

  protected onAudio(samples: Int16Array): void {
    for (const { type, atMs } of this.activity.push(samples)) {
      if (type === 'started') this.#start(atMs)
      else this.#end(atMs, false)
    }
    if (this.#open) this.#reveal()
    else if (this.receivedMs - this.#lastResultMs >= EMPTY_RESULT_MS) this.#result('', true, false)
    if (this.#utteranceEndMs !== null && this.receivedMs >= this.#utteranceEndMs) this.#endUtterance()
  }

  protected onControl({ type }: Record<string, unknown>): void {
    if (type === 'KeepAlive') return this.keptAlive()
    if (type === 'Finalize') {
      if (this.#open) this.#end(this.receivedMs, true)
      return
    }
    if (type !== 'CloseStream') return this.close(1008, 'DATA-0000')
    if (this.#open) this.#end(this.receivedMs, true)
    const metadata: Deepgram.listen.ListenV1Metadata = {
      type: 'Metadata',
      transaction_key: 'deprecated',
      request_id: 'stand-in',
      sha256: '0'.repeat(64),
      created: new Date().toISOString(),
      duration: this.receivedMs / 1000,
      channels: 1
    }
    this.send(metadata)
    this.close(1000)
  }

  #start(atMs: number): void {
    this.#open = true
    this.#text = this.textOf(nextUtterance(this.options))
    this.#startedMs = atMs
    this.#finalWords = 0
    this.#utteranceEndMs = null
    if (this.query.vad_events !== 'true') return
    const event: Deepgram.listen.ListenV1SpeechStarted = {
      type: 'SpeechStarted',
      channel: [0, 1],
      timestamp: atMs / 1000
    }
    this.send(event)
  }

  #reveal(): void {
    if (this.receivedMs - this.#lastResultMs < INTERIM_MS) return
    const words = this.wordsAfter(this.#text, this.receivedMs - this.#startedMs).split(' ')
    const rest = words.slice(this.#finalWords)
    if (rest.length > FINAL_PIECE_WORDS) {
      this.#finalWords += FINAL_PIECE_WORDS
      this.#result(rest.slice(0, FINAL_PIECE_WORDS).join(' '), true, false)
    } else if (this.query.interim_results === 'true') this.#result(rest.join(' '), false, false)
  }

  #end(atMs: number, finalized: boolean): void {
    this.#open = false
    this.#lastWordMs = atMs - this.silenceMs()
    const rest = this.#text.split(' ').slice(this.#finalWords).join(' ')
    this.#result(rest, true, !finalized, finalized)
    if (this.query.utterance_end_ms && this.#text !== '') {
      this.#utteranceEndMs = this.#lastWordMs + Number(this.query.utterance_end_ms)
    }
  }

  #endUtterance(): void {
    this.#utteranceEndMs = null
    const event: Deepgram.listen.ListenV1UtteranceEnd = {
      type: 'UtteranceEnd',
      channel: [0, 1],
      last_word_end: this.#lastWordMs / 1000
    }
    this.send(event)
  }

  #result(transcript: string, is_final: boolean, speech_final: boolean, from_finalize = false): void {
    const start = this.#lastResultMs / 1000
    if (is_final) this.#lastResultMs = this.receivedMs
    const words = transcript.split(' ').filter((word) => word !== '')
    const results: Deepgram.listen.ListenV1Results = {
      type: 'Results',
      channel_index: [0, 1],
      duration: this.receivedMs / 1000 - start,
      start,
      is_final,
      speech_final,
      from_finalize,
      channel: {
        alternatives: [
          {
            transcript,
            confidence: words.length > 0 ? 0.99 : 0,
            words: words.map((word) => ({ word, start, end: start, confidence: 0.99, punctuated_word: word }))
          }
        ]
      },
      metadata: {
        request_id: 'stand-in',
        model_info: { name: 'general-nova-3', version: '2026-11-01.0', arch: 'nova-3' },
        model_uuid: 'stand-in'
      }
    }
    this.send(results)
  }
}
