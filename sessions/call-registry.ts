import type { AudioFormat } from '../audio/format.ts'
import type { AudioTaps } from './audio-taps.ts'
import type { CallSession } from './call-session.ts'
import type { AgentProfile } from './contracts/agent-profile.ts'
import type { CallIdentity, EndReason } from './contracts/call-events.ts'
import type { CallTape } from './contracts/call-tape.ts'
import type { Clock } from './contracts/clock.ts'

/** A call that this process holds, from its first ring to its release. */
export interface HeldCall {
  /** Of a call that is being dialled, `carrierCallId` is ours until the carrier has given it one. */
  call: CallIdentity
  readonly profile: AgentProfile
  /** What the agent's audio is sent as. */
  readonly streamFormat: AudioFormat
  /** Records the wires of the call from its answer on, where that is wanted. */
  tape: CallTape | null
  /** null until the call is answered. */
  session: CallSession | null
  /** Epoch ms; null as long as `session`. */
  answeredAt: number | null
  /** Ends the call as long as nobody has answered it, and forgets it at once; resolves when its leg has been ended. */
  giveUp(reason: EndReason): Promise<void>
}

export type Refusal = 'rejected_capacity' | 'draining'

/** Every call held here: admits, finds, forgets, and drains. */
export class CallRegistry {
  readonly #byCallId = new Map<string, HeldCall>()
  readonly #byCarrierCallId = new Map<string, HeldCall>()
  readonly #maxConcurrentCalls: number
  readonly #clock: Clock
  readonly #idle = new Set<() => void>()
  readonly #pastFrames = { in: 0, out: 0 }
  #draining = false

  constructor(options: { maxConcurrentCalls: number; clock: Clock }) {
    this.#maxConcurrentCalls = options.maxConcurrentCalls
    this.#clock = options.clock
  }

  /** Why a new call can't be taken now; null where it can. */
  refusal(): Refusal | null {
    if (this.#draining) return 'draining'
    return this.#byCallId.size >= this.#maxConcurrentCalls ? 'rejected_capacity' : null
  }

  /** Takes a call in; it counts against the capacity from here on. */
  hold(held: HeldCall): void {
    this.#byCallId.set(held.call.callId, held)
    this.#byCarrierCallId.set(held.call.carrierCallId, held)
  }

  /** By our id or the carrier's. */
  find(id: string): HeldCall | null {
    return this.#byCallId.get(id) ?? this.#byCarrierCallId.get(id) ?? null
  }

  /** What may be recorded of an answered call; null where there is none of this id. */
  recordable(callId: string): (Pick<HeldCall, 'profile' | 'streamFormat'> & { taps: AudioTaps }) | null {
    const held = this.#byCallId.get(callId)
    if (!held?.session) return null
    return { taps: held.session.taps, profile: held.profile, streamFormat: held.streamFormat }
  }

  /** The carrier has given a dialled call its id. */
  identify(held: HeldCall, carrierCallId: string): void {
    if (this.#byCallId.get(held.call.callId) !== held) return
    this.#byCarrierCallId.delete(held.call.carrierCallId)
    held.call = { ...held.call, carrierCallId }
    this.#byCarrierCallId.set(carrierCallId, held)
  }

  forget(held: HeldCall): void {
    if (this.#byCallId.get(held.call.callId) !== held) return
    this.#pastFrames.in += held.session?.frames.in ?? 0
    this.#pastFrames.out += held.session?.frames.out ?? 0
    this.#byCallId.delete(held.call.callId)
    this.#byCarrierCallId.delete(held.call.carrierCallId)
    if (this.#byCallId.size > 0) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  get size(): number {
    return this.#byCallId.size
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Every call held, those that ring included, the oldest first. */
  get calls(): HeldCall[] {
    return [...this.#byCallId.values()]
  }

  /** Calls whose media is or was connected, or is being connected. */
  get sessions(): CallSession[] {
    return [...this.#byCallId.values()].flatMap(({ session }) => (session ? [session] : []))
  }

  /** Media messages of all calls since the start. */
  get frames(): { in: number; out: number } {
    const total = { ...this.#pastFrames }
    for (const { frames } of this.sessions) {
      total.in += frames.in
      total.out += frames.out
    }
    return total
  }

  /** Takes no new call, waits for the live ones for at most `deadlineMs`, then ends those that are left. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true
    if (this.size === 0) return
    const idle = Promise.withResolvers<void>()
    this.#idle.add(idle.resolve)
    const givenUp: Promise<void>[] = []
    const cancel = this.#clock.after(deadlineMs, () => {
      for (const held of this.#byCallId.values()) {
        if (held.session) void held.session.end('draining')
        else givenUp.push(held.giveUp('draining'))
      }
    })
    await idle.promise
    cancel()
    // What is forgotten may still have a leg that is being ended.
    await Promise.all(givenUp)
  }
}
