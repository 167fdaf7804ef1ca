import type { CallSession } from './call-session.ts'
import type { MediaTransport } from './contracts/media-transport.ts'

/** The media stream of a call that nobody has answered yet: it waits, and what it carries is not for the agent. */
export interface EarlyMedia {
  /** The carrier has ended it, or its socket has gone. */
  readonly stopped: boolean
  /** Makes its transport; once only. */
  open(): MediaTransport
  /** The transport hears how the stream began, and from here on what it carries. */
  begin(): void
  close(): void
}

/** Gives the stream to the session of the call. False where it is gone already. */
export function handEarlyMedia(early: EarlyMedia, session: CallSession): boolean {
  if (early.stopped) return false
  session.attachMedia(early.open())
  early.begin()
  return true
}
