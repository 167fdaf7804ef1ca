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
  startStream(carrierCallId: string, stream: { url: string; token: string }): Promise<StreamRequest>
  /** Ends the leg. A leg that has already ended is success. */
  hangUp(carrierCallId: string): Promise<void>
}

/** A carrier that is told in the reply to its webhook what to do with a call, so that nothing is asked of it before. */
export type ReplyCarrier = Omit<Carrier, 'answer' | 'refuse'>

export interface StreamRequest {
  /** Without the token. */
  readonly streamUrl: string
  readonly parameters: Readonly<Record<string, unknown>>
}
