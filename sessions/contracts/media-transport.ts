import type { EventEmitter } from 'node:events'
import type { AudioFormat } from '../../audio/format.ts'

/** The media leg of one call: one WebSocket, whoever the carrier is. */
export interface MediaTransport extends EventEmitter<MediaTransportEvents> {
  /** What `send` takes. */
  readonly outboundFormat: AudioFormat
  /** When the message whose event is being told came in, by the call's clock. */
  readonly receivedAt: number
  /**
   * Queues agent audio at the carrier, faster than real time if it comes so. At least 20 ms, in whole samples; long
   * pieces are split as the carrier wants them. Never throws. `payload` may be reused after the call.
   */
  send(payload: Uint8Array): void
  /** Named point in the outbound audio; comes back as `mark` when everything before it has been played, or cleared. */
  mark(name: string): void
  /** Drops all audio that the carrier has not played yet; every pending mark comes back. */
  clear(): void
  /** Closes the socket; `stopped` follows if it has not come yet. Idempotent. */
  close(): void
}

export interface StreamStart {
  /** What the `audio` event carries, as the carrier announced it. */
  readonly inboundFormat: AudioFormat
  /** The carrier's id of the call, to be held against the one that the token was made for. */
  readonly carrierCallId: string | null
  readonly streamId: string | null
}

export type MediaTransportEvents = {
  /** The carrier's `start`; again if it sends another. */
  started: [start: StreamStart]
  /** Caller's audio in order, in `inboundFormat`; valid during the event only. */
  audio: [payload: Uint8Array]
  /** So many of the caller's frames before the next one are lost. */
  missing: [frames: number]
  mark: [name: string]
  dtmf: [digit: string]
  /** A frame that could not be read; the stream goes on. */
  malformed: [cause: string]
  /** Exactly once, and always last. */
  stopped: [reason: MediaStopReason]
}

/**
 * - `stop`: the carrier said so;
 * - `socket_closed`: the socket went without a `stop`;
 * - `idle`: no frame of any kind for the configured time;
 * - `protocol_error`: too many malformed frames;
 * - `unauthorized`: its token was not the one of this call;
 * - `unsupported_media`: it announced an encoding that Offhook does not speak;
 * - `closed_by_us`: `close()`.
 */
export type MediaStopReason =
  | 'stop'
  | 'socket_closed'
  | 'idle'
  | 'protocol_error'
  | 'unauthorized'
  | 'unsupported_media'
  | 'closed_by_us'
