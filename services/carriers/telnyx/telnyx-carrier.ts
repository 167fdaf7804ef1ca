import { randomUUID } from 'node:crypto'
import Telnyx from 'telnyx'
import type { AudioFormat } from '../../../audio/format.ts'
import type {
  Carrier,
  DialledCall,
  DialRequest,
  StreamRequest,
  TransferRequest
} from '../../../sessions/contracts/carrier.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { TelnyxConfig } from '../../config.ts'
import { encodeClientState } from './client-state.ts'
import { telnyxCodec } from './telnyx-messages.ts'
import { toCallError } from './telnyx-refusals.ts'

/** A caller hears ringing or silence meanwhile: better to fail than to keep them longer. */
const REQUEST_TIMEOUT_MS = 10_000
/** The one value that the published schema of `answer` takes; `stream_codec` decides what the stream carries. */
const PREFERRED_CODECS = 'G722,PCMU,PCMA,G729,OPUS,VP8,H264'
/** How long a phone rings before a call is given up: less than the token of its media stream lives. */
const DIAL_RING_SECONDS = 40

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
    const parameters = this.#streamParameters()
    const started = this.#request(() =>
      this.#client.calls.actions.startStreaming(carrierCallId, {
        ...parameters,
        ...streamAddress(stream),
        command_id: randomUUID()
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

  async dial({ callId, from, to, stream, detectMachine }: DialRequest): Promise<DialledCall> {
    const { applicationId } = this.#config
    if (applicationId === null) {
      throw new CallError('CARRIER_REFUSED', 'TELNYX_APPLICATION_ID is not set', { detail: 'connection_id' })
    }
    const parameters = this.#streamParameters()
    const { data } = await this.#request(() =>
      this.#client.calls.dial({
        ...parameters,
        ...streamAddress(stream),
        connection_id: applicationId,
        from,
        to,
        timeout_secs: DIAL_RING_SECONDS,
        // By this Telnyx knows a dial that is sent again from a new one, and does not ring twice.
        command_id: callId,
        client_state: encodeClientState({ callId }),
        preferred_codecs: PREFERRED_CODECS,
        send_silence_when_idle: true,
        ...(detectMachine && { answering_machine_detection: 'premium' })
      })
    )
    if (!data?.call_control_id)
      throw new CallError('CARRIER_REFUSED', 'Telnyx gave no id', { detail: 'no_id' })
    return { carrierCallId: data.call_control_id, stream: { streamUrl: stream.url, parameters } }
  }

  async dialAnswered(carrierCallId: string): Promise<void> {
    await this.#suppressNoise(carrierCallId)
  }

  async transfer(carrierCallId: string, to: string, request: TransferRequest): Promise<void> {
    await this.#request(() =>
      this.#client.calls.actions.transfer(carrierCallId, {
        to,
        ...(request.from !== null && { from: request.from }),
        timeout_secs: Math.round(request.ringMs / 1000),
        target_leg_client_state: encodeClientState({ transferId: request.transferId }),
        command_id: randomUUID()
      })
    )
  }

  async sendDtmf(carrierCallId: string, digits: string): Promise<void> {
    await this.#request(() =>
      this.#client.calls.actions.sendDtmf(carrierCallId, { digits, command_id: randomUUID() })
    )
  }

  async hangUp(carrierCallId: string): Promise<void> {
    try {
      await this.#request(() =>
        this.#client.calls.actions.hangup(carrierCallId, { command_id: randomUUID() })
      )
    } catch (error) {
      if (error instanceof CallError && error.code === 'CALL_OVER') return
      throw error
    }
  }

  #streamParameters() {
    const codec = telnyxCodec(this.streamFormat)
    return {
      stream_track: this.#config.track,
      stream_codec: codec,
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: codec,
      stream_bidirectional_sampling_rate: this.streamFormat.sampleRate,
      stream_bidirectional_target_legs: this.#config.targetLegs
    } as const
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
   * @throws CallError
   */
  async #request<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw toCallError(error)
    }
  }
}

/** The token goes both ways, since only the query is known to arrive everywhere. */
function streamAddress({ url, token }: { url: string; token: string }) {
  const withToken = new URL(url)
  withToken.searchParams.set('token', token)
  return { stream_url: withToken.href, stream_auth_token: token }
}
