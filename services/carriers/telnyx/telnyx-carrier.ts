import { randomUUID } from 'node:crypto'
import Telnyx from 'telnyx'
import type { AudioFormat } from '../../../audio/format.ts'
import type { Carrier, StreamRequest } from '../../../sessions/contracts/carrier.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { TelnyxConfig } from '../../config.ts'
import { telnyxCodec } from './telnyx-messages.ts'

/** A caller hears ringing or silence meanwhile: better to fail than to keep them longer. */
const REQUEST_TIMEOUT_MS = 10_000
/** The one value that the published schema of `answer` takes; `stream_codec` decides what the stream carries. */
const PREFERRED_CODECS = 'G722,PCMU,PCMA,G729,OPUS,VP8,H264'
/** "Call has already ended". */
const ALREADY_ENDED = '90018'

/** The control leg of Telnyx, by Call Control v2. */
export class TelnyxCarrier implements Carrier {
  readonly name = 'telnyx'
  readonly streamFormat: AudioFormat
  readonly #client: Telnyx
  readonly #config: TelnyxConfig

  constructor(config: TelnyxConfig) {
    this.#config = config
    this.streamFormat = config.streamFormat
    this.#client = new Telnyx({
      apiKey: config.apiKey,
      publicKey: config.publicKey,
      timeout: REQUEST_TIMEOUT_MS,
      logLevel: 'off',
      ...(config.baseUrl ? { baseURL: config.baseUrl } : {})
    })
  }

  async answer(carrierCallId: string): Promise<void> {
    await this.#request(() =>
      this.#client.calls.actions.answer(carrierCallId, {
        command_id: randomUUID(),
        preferred_codecs: PREFERRED_CODECS,
        send_silence_when_idle: true
      })
    )
  }

  async refuse(carrierCallId: string): Promise<void> {
    await this.#request(() =>
      this.#client.calls.actions.reject(carrierCallId, { command_id: randomUUID(), cause: 'USER_BUSY' })
    )
  }

  async startStream(carrierCallId: string, stream: { url: string; token: string }): Promise<StreamRequest> {
    const codec = telnyxCodec(this.streamFormat)
    const parameters = {
      stream_track: this.#config.track,
      stream_codec: codec,
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: codec,
      stream_bidirectional_sampling_rate: this.streamFormat.sampleRate,
      stream_bidirectional_target_legs: this.#config.targetLegs
    } as const
    const url = new URL(stream.url)
    url.searchParams.set('token', stream.token)
    const started = this.#request(() =>
      this.#client.calls.actions.startStreaming(carrierCallId, {
        ...parameters,
        command_id: randomUUID(),
        stream_url: url.href,
        stream_auth_token: stream.token
      })
    )
    const suppressed = this.#suppressNoise(carrierCallId)
    await started
    await suppressed
    return {
      streamUrl: stream.url,
      parameters: { ...parameters, noiseSuppression: this.#config.noiseSuppression }
    }
  }

  async hangUp(carrierCallId: string): Promise<void> {
    try {
      await this.#request(() =>
        this.#client.calls.actions.hangup(carrierCallId, { command_id: randomUUID() })
      )
    } catch (error) {
      if (error instanceof CallError && error.detail === ALREADY_ENDED) return
      throw error
    }
  }

  /** A call without noise suppression is still a call: a refusal is not the call's end. */
  async #suppressNoise(carrierCallId: string): Promise<void> {
    const direction = this.#config.noiseSuppression
    if (direction === 'off') return
    try {
      await this.#request(() =>
        this.#client.calls.actions.startNoiseSuppression(carrierCallId, {
          command_id: randomUUID(),
          direction
        })
      )
    } catch {
      // The stream carries the call; Telnyx reports the refusal in its own portal.
    }
  }

  /**
   * The SDK tries again by itself on 5xx, 409, 429 and broken connections; `command_id` makes that safe.
   * @throws CallError whose `detail` is the parameter that Telnyx points at, or its error code.
   */
  async #request(send: () => Promise<unknown>): Promise<void> {
    try {
      await send()
    } catch (error) {
      throw toCallError(error)
    }
  }
}

function toCallError(error: unknown): CallError {
  if (!(error instanceof Telnyx.APIError) || error.status === undefined) {
    return new CallError('CARRIER_UNREACHABLE', 'Telnyx could not be reached', {
      retryable: true,
      cause: error
    })
  }
  const body = error.error as { errors?: { code?: unknown; source?: { pointer?: unknown } }[] } | undefined
  const first = body?.errors?.[0]
  const pointer = typeof first?.source?.pointer === 'string' ? first.source.pointer.replace(/^\//, '') : null
  return new CallError('CARRIER_REFUSED', 'Telnyx refused the request', {
    retryable: error.status >= 500 || error.status === 429,
    detail: pointer ?? (first?.code === undefined ? `http_${error.status}` : String(first.code)),
    cause: error
  })
}
