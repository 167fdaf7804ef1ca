import { dbfs, payloadRms } from '../audio/level.ts'
import type { AudioTrack } from '../sessions/audio-taps.ts'
import type { CallRegistry } from '../sessions/call-registry.ts'
import type { CallSession } from '../sessions/call-session.ts'
import type { CallEvents } from '../sessions/contracts/call-events.ts'
import type { Clock } from '../sessions/contracts/clock.ts'

const PERIOD_MS = 100
/** What is quieter is level 0, what is louder is level 99. */
const SILENT_DBFS = -54
const LOUD_DBFS = -4
/** Bends the scale, so that the louder half of a voice is more than a tenth of the picture. */
const BEND = 1.5
const TRACKS: readonly AudioTrack[] = ['inbound', 'outbound']

/** How loud the caller and the agent were at the most since it was told last, 0 to 99, by our id of the call. */
export type Levels = Readonly<Record<string, readonly [caller: number, agent: number]>>

interface Meter {
  readonly peaks: Record<AudioTrack, number>
  readonly leave: () => void
}

/**
 * How loud both sides of every live call are, ten times a second, for a wall of calls that nobody wants to hear all of.
 * While nobody watches, nothing is listened to and no timer runs.
 */
export class LiveLevels {
  readonly #registry: CallRegistry
  readonly #events: CallEvents
  readonly #clock: Clock
  readonly #watchers = new Set<(levels: Levels) => void>()
  readonly #meters = new Map<string, Meter>()
  #stop: (() => void) | null = null

  constructor(options: { registry: CallRegistry; events: CallEvents; clock: Clock }) {
    this.#registry = options.registry
    this.#events = options.events
    this.#clock = options.clock
  }

  /** Returns the function that ends it. Calls that are silent are left out. */
  watch(watcher: (levels: Levels) => void): () => void {
    this.#watchers.add(watcher)
    this.#stop ??= this.#start()
    return () => {
      if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
      this.#stop?.()
      this.#stop = null
    }
  }

  #start(): () => void {
    for (const session of this.#registry.sessions) this.#meter(session)
    const unsubscribe = this.#events.subscribe(({ call, event }) => {
      if (event.type === 'stream.connected') {
        const session = this.#registry.find(call.callId)?.session
        if (session) this.#meter(session)
      } else if (event.type === 'call.ended') this.#forget(call.callId)
    })
    let cancel = this.#clock.after(PERIOD_MS, () => tick())
    const tick = () => {
      cancel = this.#clock.after(PERIOD_MS, tick)
      this.#tell()
    }
    return () => {
      cancel()
      unsubscribe()
      for (const callId of this.#meters.keys()) this.#forget(callId)
    }
  }

  #meter({ call, taps }: CallSession): void {
    if (this.#meters.has(call.callId)) return
    const peaks = { inbound: 0, outbound: 0 }
    const removals = TRACKS.map((track) =>
      taps.subscribe(track, ({ payload, format }) => {
        peaks[track] = Math.max(peaks[track], payloadRms(format.encoding, payload))
      })
    )
    this.#meters.set(call.callId, {
      peaks,
      leave: () => {
        for (const remove of removals) remove()
      }
    })
  }

  #forget(callId: string): void {
    this.#meters.get(callId)?.leave()
    this.#meters.delete(callId)
  }

  #tell(): void {
    const levels: Record<string, [number, number]> = {}
    for (const [callId, { peaks }] of this.#meters) {
      const caller = levelOf(peaks.inbound)
      const agent = levelOf(peaks.outbound)
      if (caller > 0 || agent > 0) levels[callId] = [caller, agent]
      peaks.inbound = 0
      peaks.outbound = 0
    }
    for (const watcher of this.#watchers) watcher(levels)
  }
}

function levelOf(rms: number): number {
  if (rms === 0) return 0
  const share = (dbfs(rms) - SILENT_DBFS) / (LOUD_DBFS - SILENT_DBFS)
  return Math.round(99 * Math.min(1, Math.max(0, share)) ** BEND)
}
