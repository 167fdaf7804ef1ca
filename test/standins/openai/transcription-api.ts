import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ApiError, invalid, readBody, sendError } from './api-body.ts'

export interface TranscriptionRequest {
  readonly model: string
  readonly language: string | null
  /** A whole WAV file. */
  readonly file: Buffer
}

export interface TranscriptionOptions {
  /** Text of the nth file, from 1. */
  readonly transcribeFile?: (index: number) => string
  readonly transcriptionFault?: () => ApiError | null
}

/** `/v1/audio/transcriptions`, whole files. */
export class TranscriptionApi {
  readonly requests: TranscriptionRequest[] = []
  readonly #options: TranscriptionOptions
  readonly #onRequest: () => void

  constructor(options: TranscriptionOptions, onRequest: () => void) {
    this.#options = options
    this.#onRequest = onRequest
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = new Uint8Array(await readBody(request))
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const form = await new Response(body, { headers }).formData()
    const file = form.get('file')
    if (!(file instanceof File)) return sendError(response, invalid('Expected a file.', 'file'))
    const wav = Buffer.from(await file.arrayBuffer())
    const language = form.get('language')?.toString() ?? null
    this.requests.push({ model: String(form.get('model')), language, file: wav })
    this.#onRequest()
    const fault = this.#options.transcriptionFault?.() ?? null
    if (fault) return sendError(response, fault)
    if (wav.toString('latin1', 0, 4) !== 'RIFF')
      return sendError(response, invalid('Unsupported file.', 'file'))
    const index = this.requests.length
    const text = (this.#options.transcribeFile ?? ((n) => `caller utterance ${n}`))(index)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ text, usage: { type: 'duration', seconds: 2 } }))
  }
}
