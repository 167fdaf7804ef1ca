import pRetry from 'p-retry'
import twilio from 'twilio'
import { type AudioFormat, PCMU_8K } from '../../../audio/format.ts'
import type { AgentProfile } from '../../../sessions/contracts/agent-profile.ts'
import type {
  ReplyCarrier,
  StreamAddress,
  StreamRequest,
  TransferRequest
} from '../../../sessions/contracts/carrier.ts'
import { CallError } from '../../../sessions/errors.ts'
import type { TwilioConfig } from '../../config.ts'

/** A caller hears silence meanwhile: better to fail than to keep them longer. */
const REQUEST_TIMEOUT_MS = 10_000
/** A hang-up may be tried again without harm; the call is held for at most 5 s for it. */
const HANG_UP_RETRIES = { retries: 2, minTimeout: 300, maxTimeout: 1000 }
/** "Invalid call state": the call is not in progress any more. */
const ALREADY_ENDED = 21220

/** What becomes of a call that a machine takes. */
type MachineDetection = AgentProfile['machineDetection']

type VoiceResponse = InstanceType<typeof twilio.twiml.VoiceResponse>

export interface TwilioCarrierOptions extends TwilioConfig {
  /**
   * Where our webhooks for Twilio are: `/voice` below it is asked what to do with a call, `/status` told what became of
   * it, `/transfer/answered` and `/transfer/ended` what becomes of a transfer, whose id comes as `id`.
   */
  readonly webhooksUrl: string
}

/** The control leg of Twilio: TwiML in reply to its webhooks, and its REST API for everything else. */
export class TwilioCarrier implements ReplyCarrier {
  readonly name = 'twilio'
  readonly streamFormat: AudioFormat = PCMU_8K
  /** Twilio does one thing at a time with a call: connect it to a stream, or press keys. */
  readonly takesStreamForDtmf = true
  readonly #client: twilio.Twilio
  readonly #options: TwilioCarrierOptions

  constructor(options: TwilioCarrierOptions) {
    this.#options = options
    const { accountSid, authToken, baseUrl } = options
    this.#client = new twilio.Twilio(accountSid, authToken, { httpClient: createHttpClient(baseUrl) })
  }

  /** TwiML that answers the call and connects it to this media socket. */
  answerReply(stream: StreamAddress): string {
    return connectTo(stream).toString()
  }

  /** TwiML that declines the call as busy: no capacity, or draining. */
  refuseReply(): string {
    const response = new twilio.twiml.VoiceResponse()
    response.reject({ reason: 'busy' })
    return response.toString()
  }

  /** TwiML that ends a call. */
  hangUpReply(): string {
    const response = new twilio.twiml.VoiceResponse()
    response.hangup()
    return response.toString()
  }

  /** Calls somebody, and resolves with the CallSid. Once they answer, the voice webhook is asked what to do. */
  async dial(call: { to: string; from: string; detectMachine?: MachineDetection }): Promise<string> {
    const { to, from, detectMachine = 'off' } = call
    const { webhooksUrl } = this.#options
    const { sid } = await this.#request(() =>
      this.#client.calls.create({
        to,
        from,
        url: `${webhooksUrl}/voice`,
        statusCallback: `${webhooksUrl}/status`,
        statusCallbackEvent: ['ringing', 'answered', 'completed'],
        ...(detectMachine !== 'off' && {
          // The end of a machine's greeting is told in place of its beginning, never both.
          machineDetection: detectMachine === 'leave_message' ? 'DetectMessageEnd' : 'Enable',
          asyncAmd: 'true',
          asyncAmdStatusCallback: `${webhooksUrl}/machine`
        })
      })
    )
    return sid
  }

  /** For a call whose stream was lost: one that is answered gets its stream with the reply. */
  async startStream(carrierCallId: string, stream: StreamAddress): Promise<StreamRequest> {
    await this.#perform(carrierCallId, connectTo(stream))
    return { streamUrl: stream.url, parameters: {} }
  }

  async hangUp(carrierCallId: string): Promise<void> {
    const hangUp = () =>
      this.#request(() => this.#client.calls(carrierCallId).update({ status: 'completed' }))
    const shouldRetry = ({ error }: { error: Error }) => error instanceof CallError && error.retryable
    try {
      await pRetry(hangUp, { ...HANG_UP_RETRIES, shouldRetry })
    } catch (error) {
      if (error instanceof CallError && error.code === 'CALL_OVER') return
      throw error
    }
  }

  /** Takes the caller from the media stream, and lets them hear the other party ring. */
  async transfer(carrierCallId: string, to: string, request: TransferRequest): Promise<void> {
    const news = (of: string) => `${this.#options.webhooksUrl}/transfer/${of}?id=${request.transferId}`
    const response = new twilio.twiml.VoiceResponse()
    const dial = response.dial({
      action: news('ended'),
      timeout: Math.round(request.ringMs / 1000),
      ...(request.from !== null && { callerId: request.from })
    })
    dial.number({ statusCallback: news('answered'), statusCallbackEvent: ['answered'] }, to)
    await this.#perform(carrierCallId, response)
  }

  async transferAnswered(carrierCallId: string): Promise<boolean> {
    const legs = await this.#request(() =>
      this.#client.calls.list({ parentCallSid: carrierCallId, status: 'in-progress', limit: 1 })
    )
    return legs.length > 0
  }

  async sendDtmf(carrierCallId: string, digits: string, newStream: () => StreamAddress): Promise<void> {
    const response = new twilio.twiml.VoiceResponse()
    response.play({ digits: digits.replaceAll('W', 'ww') })
    await this.#perform(carrierCallId, connectTo(newStream(), response))
  }

  async #perform(carrierCallId: string, twiml: VoiceResponse): Promise<void> {
    await this.#request(() => this.#client.calls(carrierCallId).update({ twiml }))
  }

  /** @throws CallError whose `detail` is Twilio's error code. The SDK tries again by itself on 429. */
  async #request<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw toCallError(error)
    }
  }
}

/** A stream's URL has no query, since Twilio drops it: the token goes into the `start` frame. */
function connectTo(stream: StreamAddress, response = new twilio.twiml.VoiceResponse()): VoiceResponse {
  response.connect().stream({ url: stream.url }).parameter({ name: 'token', value: stream.token })
  return response
}

/** The SDK knows no other host than Twilio's own, so the origin of a request is changed on its way out. */
function createHttpClient(baseUrl: string | null): twilio.RequestClient {
  const client = new twilio.RequestClient({ timeout: REQUEST_TIMEOUT_MS, autoRetry: true })
  if (baseUrl === null) return client
  const base = baseUrl.replace(/\/$/, '')
  client.axios.interceptors.request.use((request) => {
    const { pathname, search } = new URL(request.url ?? '')
    request.url = `${base}${pathname}${search}`
    return request
  })
  return client
}

function toCallError(error: unknown): CallError {
  const { status, code } = error as { status?: unknown; code?: unknown }
  if (typeof status !== 'number') {
    return new CallError('CARRIER_UNREACHABLE', 'Twilio could not be reached', {
      retryable: true,
      cause: error
    })
  }
  const detail = typeof code === 'number' ? String(code) : `http_${status}`
  if (code === ALREADY_ENDED) {
    return new CallError('CALL_OVER', 'By Twilio the call is over', { detail, cause: error })
  }
  return new CallError('CARRIER_REFUSED', 'Twilio refused the request', {
    retryable: status >= 500 || status === 429,
    detail,
    cause: error
  })
}
