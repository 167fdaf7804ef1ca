import { GENERATION_SPEED, type LoadAudio, TURN_MS } from './load-shape.ts'

/** The caller's short question, by the model's turn detection, and how long the model thinks about it. */
const SPEECH_MS = 300
const THINKING_MS = 50
const TRANSCRIPTION_MS = 600
const USAGE = {
  total_tokens: 120,
  input_tokens: 80,
  output_tokens: 40,
  input_token_details: { text_tokens: 20, audio_tokens: 60, cached_tokens: 0 },
  output_token_details: { text_tokens: 10, audio_tokens: 30 }
}

/** The model's end of a conversation: every three seconds the caller has asked, and two seconds of answer come. */
export class ModelVoice {
  /** Milliseconds of audio sent. */
  spokenMs = 0
  readonly #index: number
  readonly #deltas: LoadAudio['deltas']
  readonly #send: (event: string) => void
  readonly #onDelta: () => void
  #script: Iterator<number> | null = null
  #dueAt = Number.POSITIVE_INFINITY
  #turns = 0
  #endReply: (() => void) | null = null

  constructor(options: {
    index: number
    deltas: LoadAudio['deltas']
    send: (event: string) => void
    /** Right before a delta is sent. */
    onDelta: () => void
  }) {
    this.#index = options.index
    this.#deltas = options.deltas
    this.#send = options.send
    this.#onDelta = options.onDelta
  }

  /** Calls are spread over a turn, so that they don't all speak at once. */
  start(now: number): void {
    this.#script = this.#conversation(now + ((this.#index * 0.618) % 1) * TURN_MS)
    this.#dueAt = now
  }

  step(now: number): void {
    while (this.#script && this.#dueAt <= now) this.#dueAt = this.#script.next().value
  }

  /** Ends the reply that is being made, so that nothing of it is held back for more to come. */
  stop(): void {
    this.#script = null
    this.#endReply?.()
  }

  /** Yields the instant at which it wants to go on. */
  *#conversation(startAt: number): Generator<number, never> {
    yield startAt
    yield* this.#reply(startAt)
    for (let turnAt = startAt + TURN_MS; ; turnAt += TURN_MS) {
      yield turnAt
      this.#turns += 1
      const item_id = `heard_${this.#index}_${this.#turns}`
      this.#event('input_audio_buffer.speech_started', { item_id, audio_start_ms: 0 })
      yield turnAt + SPEECH_MS
      this.#event('input_audio_buffer.speech_stopped', { item_id, audio_end_ms: SPEECH_MS })
      this.#event('input_audio_buffer.committed', { item_id, previous_item_id: null })
      yield* this.#reply(turnAt + SPEECH_MS)
      yield turnAt + SPEECH_MS + TRANSCRIPTION_MS
      const usage = { type: 'duration', seconds: SPEECH_MS / 1000 }
      const type = 'conversation.item.input_audio_transcription.completed'
      this.#event(type, { item_id, content_index: 0, transcript: 'And what does that cost?', usage })
    }
  }

  *#reply(askedAt: number): Generator<number, void> {
    const response_id = `resp_${this.#index}_${this.#turns}`
    const item_id = `item_${this.#index}_${this.#turns}`
    const at = { response_id, item_id, output_index: 0, content_index: 0 }
    const item = { id: item_id, type: 'message', role: 'assistant', content: [] }
    this.#event('response.created', { response: { id: response_id, status: 'in_progress', output: [] } })
    this.#event('response.output_item.added', { response_id, output_index: 0, item })
    this.#endReply = () => {
      this.#endReply = null
      this.#event('response.output_audio.done', at)
      this.#event('response.output_item.done', { response_id, output_index: 0, item })
      const response = { id: response_id, status: 'completed', output: [item], usage: USAGE }
      this.#event('response.done', { response })
    }
    let spokenMs = 0
    for (const { ms, payload } of this.#deltas) {
      yield askedAt + THINKING_MS + spokenMs / GENERATION_SPEED
      this.#event('response.output_audio_transcript.delta', { ...at, delta: 'so and so ' })
      const delta = text('response.output_audio.delta', { ...at, delta: payload })
      this.#onDelta()
      this.#send(delta)
      spokenMs += ms
      this.spokenMs += ms
    }
    this.#endReply()
  }

  #event(type: string, fields: object): void {
    this.#send(text(type, fields))
  }
}

function text(type: string, fields: object): string {
  return JSON.stringify({ type, event_id: 'event_load', ...fields })
}
