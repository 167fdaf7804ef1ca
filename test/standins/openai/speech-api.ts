import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SpeechCreateParams } from 'openai/resources/audio/speech'
import { type ApiError, invalid, pause, readBody, sendError } from './api-body.ts'
import { speechOf, type Voicing } from './word-audio.ts'

export interface SpeechRequest {
  readonly at: number
  readonly body: SpeechCreateParams
  aborted: boolean
}

export interface SpeechOptions {
  /** How a text sounds in OpenAI's voice; by default every word has its own tone. */
  readonly speechVoice?: Voicing
  /** From the request to the first audio. Default 60. */
  readonly speechFirstAudioMs?: number
  /** `silent`: takes requests and says nothing. */
  readonly speechFault?: () => ApiError | 'silent' | null
}

/** "24kHz (16-bit signed, low-endian)". */
const RATE_HZ = 24_000
/** Not whole samples. */
const PIECE_BYTES = 4801
const LONGEST_INPUT = 4096
const VOICES = new Set(
  'alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar'.split(' ')
)

/** `/v1/audio/speech` with `response_format` `pcm`, streamed. */
export class SpeechApi {
  readonly requests: SpeechRequest[] = []
  readonly #options: SpeechOptions
  readonly #onRequest: () => void

  constructor(options: SpeechOptions, onRequest: () => void) {
    this.#options = options
    this.#onRequest = onRequest
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await readBody(request)).toString()) as SpeechCreateParams
    const entry: SpeechRequest = { at: performance.now(), body, aborted: false }
    this.requests.push(entry)
    response.on('close', () => {
      entry.aborted = !response.writableFinished
      this.#onRequest()
    })
    this.#onRequest()
    const fault = faultOf(body) ?? this.#options.speechFault?.() ?? null
    if (fault === 'silent') return
    if (fault) return sendError(response, fault)
    if (!(await pause(this.#options.speechFirstAudioMs ?? 60, response))) return
    const samples = speechOf(body.input, RATE_HZ, this.#options.speechVoice)
    const audio = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
    response.writeHead(200, { 'content-type': 'audio/pcm' })
    for (let at = 0; at < audio.byteLength; at += PIECE_BYTES) {
      response.write(audio.subarray(at, at + PIECE_BYTES))
      if (!(await pause(5, response))) return
    }
    response.end()
  }
}

function faultOf({ input, response_format, voice }: SpeechCreateParams): ApiError | null {
  if (!input || input.length > LONGEST_INPUT) return invalid('Expected 1 to 4096 characters.', 'input')
  if (response_format !== 'pcm') return invalid('This stand-in only makes pcm.', 'response_format')
  return VOICES.has(String(voice)) ? null : invalid(`Unknown voice ${voice}.`, 'voice')
}
