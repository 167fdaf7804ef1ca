import { randomUUID } from 'node:crypto'
import type { SocketLike } from '../services/carriers/socket-like.ts'
import type { AudioTrack } from '../sessions/audio-taps.ts'
import type { CallRegistry } from '../sessions/call-registry.ts'
import type { CallSession } from '../sessions/call-session.ts'
import type { CallEvents, CallIdentity } from '../sessions/contracts/call-events.ts'
import { type BroadcastFrame, TrackBroadcast } from '../sessions/track-broadcast.ts'
import { AudioListener } from './audio-listener.ts'

export interface ListeningRequest {
  /** Ours or the carrier's; null for every call. */
  readonly callId: string | null
  readonly tracks: readonly AudioTrack[]
}

interface CallBroadcast {
  readonly streamId: string
  readonly tracks: Readonly<Record<AudioTrack, TrackBroadcast<string>>>
}

const CONNECTED = {
  event: 'connected',
  message: 'Connected to audio stream',
  config: { format: 'PCMU', sampleRate: 8000, channels: 1 }
}
const MEDIA_FORMAT = { media_format: 'audio/PCMU', sample_rate: 8000, channels: 1 }

/** Live listening to the calls of this process, for any number of listeners. */
export class LiveAudio {
  readonly #registry: CallRegistry
  readonly #events: CallEvents
  readonly #now: () => number
  readonly #broadcasts = new WeakMap<CallSession, CallBroadcast>()

  constructor(options: { registry: CallRegistry; events: CallEvents; now: () => number }) {
    this.#registry = options.registry
    this.#events = options.events
    this.#now = options.now
  }

  /**
   * Serves a listener until its socket closes: the calls that are live, and those to come. `greet`: whether it is to be
   * told first what it will hear.
   */
  listen(socket: SocketLike, request: ListeningRequest, { greet = true } = {}): void {
    const listener = new AudioListener({ socket, now: this.#now })
    const isWanted = ({ callId, carrierCallId }: CallIdentity) =>
      request.callId === null || request.callId === callId || request.callId === carrierCallId
    if (greet) listener.tell(CONNECTED)
    for (const session of this.#registry.sessions) {
      if (session.connected && isWanted(session.call)) this.#follow(listener, session, request)
    }
    const unsubscribe = this.#events.subscribe(({ call, event }) => {
      if (event.type === 'call.ended') listener.stop(call.callId)
      if (event.type !== 'stream.connected' || !isWanted(call)) return
      const session = this.#registry.find(call.callId)?.session
      if (session) this.#follow(listener, session, request)
    })
    socket.on('close', () => {
      unsubscribe()
      listener.close()
    })
    socket.on('error', () => socket.terminate())
  }

  #follow(listener: AudioListener, session: CallSession, { tracks }: ListeningRequest): void {
    const { callId } = session.call
    if (listener.follows(callId)) return
    const broadcast = this.#broadcastOf(session)
    listener.tell({ event: 'start', stream_id: broadcast.streamId, call_id: callId, start: MEDIA_FORMAT })
    const removals = tracks.map((track) => broadcast.tracks[track].add((message) => listener.play(message)))
    listener.follow(callId, broadcast.streamId, () => {
      for (const remove of removals) remove()
    })
  }

  #broadcastOf(session: CallSession): CallBroadcast {
    let broadcast = this.#broadcasts.get(session)
    if (!broadcast) {
      const streamId = randomUUID()
      const { taps } = session
      const encode = (frame: BroadcastFrame) => mediaMessage(streamId, frame)
      const inbound = new TrackBroadcast({ taps, track: 'inbound', encode })
      const outbound = new TrackBroadcast({ taps, track: 'outbound', encode })
      broadcast = { streamId, tracks: { inbound, outbound } }
      this.#broadcasts.set(session, broadcast)
    }
    return broadcast
  }
}

function mediaMessage(streamId: string, { track, chunk, timestampMs, payload }: BroadcastFrame): string {
  const { buffer, byteOffset, byteLength } = payload
  const media = {
    track,
    chunk,
    timestamp: timestampMs,
    payload: Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  }
  return JSON.stringify({ event: 'media', stream_id: streamId, media })
}
