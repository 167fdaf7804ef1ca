import type { CallControl } from './call-control.ts'
import type { CallRegistry, HeldCall } from './call-registry.ts'
import type { CallSession } from './call-session.ts'
import type { CarrierName, ReplyCarrier, TransferOutcome } from './contracts/carrier.ts'
import { CallError } from './errors.ts'
import type { Party } from './muting.ts'
import { comeBackPhrase } from './transfer-phrases.ts'
import type { Transfers } from './transfers.ts'

/** `w` and `W` among the digits are pauses. */
const DTMF = /^[0-9A-D*#wW]{1,64}$/
/** The longest that one of them takes. */
const DIGIT_MS = 1000
/** What a carrier takes to bring a stream. */
const STREAM_MS = 10_000

export interface CallOperationsOptions {
  readonly registry: CallRegistry
  readonly control: CallControl
  readonly transfers: Transfers
  /** Those that are configured. */
  readonly carriers: Readonly<Partial<Record<CarrierName, ReplyCarrier>>>
  /** @throws CallError NUMBER_REFUSED where nobody may be called there from this number. */
  readonly checkNumber: (from: string | null, to: string) => void
}

/**
 * What may be done to a call from outside, by our id or the carrier's. Methods throw or reject with a CallError:
 * INVALID_STATE, with `not_live` where there is no such live call.
 */
export class CallOperations {
  readonly #options: CallOperationsOptions

  constructor(options: CallOperationsOptions) {
    this.#options = options
  }

  /** The caller hears this in the agent's voice. */
  say(id: string, text: string): void {
    this.#live(id).session.say(text)
  }

  /** Tells only the agent's model. */
  whisper(id: string, text: string): void {
    this.#live(id).session.whisper(text)
  }

  mute(id: string, party: Party, muted: boolean): void {
    this.#live(id).session.muting.set(party, muted)
  }

  /** Ends a live call once the agent has finished its sentence, and one that still rings at once. */
  async end(id: string): Promise<void> {
    const held = this.#options.registry.find(id)
    if (!held) throw notLive()
    if (held.session) {
      // The caller hears the other party ring, and nothing that the agent says.
      if (this.#options.transfers.underWay(held.call.callId)) void held.session.end('operator')
      else held.session.endAfterGoodbye('operator')
      return
    }
    const { carrier, carrierCallId } = held.call
    this.#options.control.hungUp(carrierCallId, 'operator')
    await this.#options.carriers[carrier]?.hangUp(carrierCallId)
  }

  /** Hands the caller over to somebody else; the agent comes back to the caller where nobody answers. */
  async transfer(id: string, to: string): Promise<TransferOutcome> {
    const { session, profile } = this.#live(id)
    const outcome = await this.connect(id, to)
    if (outcome === 'busy' || outcome === 'no_answer' || outcome === 'rejected' || outcome === 'failed') {
      session.whisper(
        `The caller was to be transferred; that came to nothing (${outcome}). They are with you again.`
      )
      session.say(comeBackPhrase(outcome, profile.language))
    }
    return outcome
  }

  /** The same without a word to the agent: its model asked for it, and is told by the outcome. */
  async connect(id: string, to: string): Promise<TransferOutcome> {
    const { checkNumber, transfers } = this.#options
    const held = this.#live(id)
    const { direction, from } = held.call
    const carrier = this.#carrierOf(held)
    checkNumber(direction === 'inbound' ? held.call.to : from, to)
    return transfers.start(held, carrier, to)
  }

  /** Presses keys for the other end to hear: 0-9, A-D, *, #, w for half a second's pause, W for a second's. */
  async sendDtmf(id: string, digits: string): Promise<void> {
    const held = this.#live(id)
    const { transfers } = this.#options
    const carrier = this.#carrierOf(held)
    if (transfers.underWay(held.call.callId)) {
      const detail = { detail: 'transfer_under_way' }
      throw new CallError('INVALID_STATE', 'The caller is being transferred', detail)
    }
    if (!DTMF.test(digits) || !carrier.sendDtmf) {
      const detail = { detail: carrier.sendDtmf ? 'digits' : 'unsupported' }
      throw new CallError('INVALID_STATE', 'These keys cannot be pressed', detail)
    }
    if (carrier.takesStreamForDtmf) held.session.replaceStream(digits.length * DIGIT_MS + STREAM_MS)
    try {
      await carrier.sendDtmf(held.call.carrierCallId, digits, () => this.#options.control.newStream(held))
    } catch (error) {
      // The stream was not taken after all.
      if (carrier.takesStreamForDtmf) held.session.handOver(false)
      throw error
    }
  }

  #live(id: string): HeldCall & { session: CallSession } {
    const held = this.#options.registry.find(id)
    const session = held?.session
    if (!held || !session || session.phase === 'closing' || session.phase === 'closed') throw notLive()
    return { ...held, session }
  }

  #carrierOf({ call }: HeldCall): ReplyCarrier {
    const carrier = this.#options.carriers[call.carrier]
    if (carrier) return carrier
    throw new CallError('INVALID_STATE', 'There is no carrier behind this call', { detail: 'no_carrier' })
  }
}

function notLive(): CallError {
  return new CallError('INVALID_STATE', 'There is no such live call', { detail: 'not_live' })
}
