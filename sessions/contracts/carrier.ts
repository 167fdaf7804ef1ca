import type { AudioFormat } from '../../audio/format.ts'

export type CarrierName = 'telnyx' | 'twilio' | 'test'

/** The control leg: what Offhook may ask of the carrier that holds a call. Every method rejects with a CallError. */
export interface Carrier {
  readonly name: CarrierName
  /** What the agent's audio is sent as; asked for inbound as well, though the carrier's `start` has the last word. */
  readonly streamFormat: AudioFormat
  /** Picks up a ringing call. */
  answer(carrierCallId: string): Promise<void>
  /** Declines a ringing call as busy: no capacity, or draining. */
  refuse(carrierCallId: string): Promise<void>
  /** Asks for the media stream of an answered call. Resolves with the parameters asked for, without the token. */
  startStream(carrierCallId: string, stream: StreamAddress): Promise<StreamRequest>
  /** Calls somebody, and asks for the media stream with it. */
  dial(request: DialRequest): Promise<DialledCall>
  /** A call that was dialled has been answered: what could not be asked for with the dial. */
  dialAnswered(carrierCallId: string): Promise<void>
  /**
   * Has the carrier call somebody else for the caller, who stays on the line meanwhile. Resolves when the carrier has
   * taken the request. What becomes of it comes by webhook; if nobody answers, the carrier gives the caller back.
   */
  transfer(carrierCallId: string, to: string, request: TransferRequest): Promise<void>
  /** Whether the other party of a transfer speaks with the caller now: asked where no webhook has told. */
  transferAnswered?(carrierCallId: string): Promise<boolean>
  /**
   * Presses keys for the other end to hear: 0-9, A-D, *, #, w for half a second's pause, W for a second's. Absent where
   * it can't. `newStream` makes the address and the token of the stream that comes afterwards, `takesStreamForDtmf`.
   */
  sendDtmf?(carrierCallId: string, digits: string, newStream: () => StreamAddress): Promise<void>
  /** Whether the media stream has to make way for the keys. */
  readonly takesStreamForDtmf?: boolean
  /** Ends the leg. A leg that has already ended is success. */
  hangUp(carrierCallId: string): Promise<void>
}

/** A carrier that is told in the reply to its webhook what to do with a call, so that nothing is asked of it before. */
export type ReplyCarrier = Omit<Carrier, 'answer' | 'refuse' | 'dial' | 'dialAnswered'>

/** Where a carrier connects the media socket of a call, and the token that it presents there. */
export interface StreamAddress {
  readonly url: string
  readonly token: string
}

export interface DialRequest {
  /** Ours: comes back with every webhook of the call, also with those that overtake the reply to the dial. */
  readonly callId: string
  /** E.164. */
  readonly from: string
  readonly to: string
  readonly stream: StreamAddress
  /** Whether to tell a machine from a person, and hear out its greeting. */
  readonly detectMachine: boolean
}

export interface DialledCall {
  readonly carrierCallId: string
  /** null where the stream is asked for later. */
  readonly stream: StreamRequest | null
}

export interface TransferRequest {
  /** Shown to the other party, E.164; null: the caller's own number. */
  readonly from: string | null
  readonly ringMs: number
  /** Ours: comes back with the webhooks of the new leg. */
  readonly transferId: string
}

/**
 * What became of a transfer:
 * - `answered`: caller and the other party are connected, the agent is out;
 * - `busy`, `no_answer`, `rejected`: by the other party; the caller is back with the agent;
 * - `failed`: by the carrier; likewise;
 * - `caller_hung_up`: before anybody answered.
 */
export type TransferOutcome = 'answered' | 'busy' | 'no_answer' | 'rejected' | 'failed' | 'caller_hung_up'

export interface StreamRequest {
  /** Without the token. */
  readonly streamUrl: string
  readonly parameters: Readonly<Record<string, unknown>>
}
