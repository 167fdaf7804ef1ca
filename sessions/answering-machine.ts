import type { CallRegistry, HeldCall } from './call-registry.ts'
import type { Clock } from './contracts/clock.ts'

/** A greeting longer than this has no beep that anybody could tell. */
const GREETING_LIMIT_MS = 45_000
/** The longest message. */
const MESSAGE_LIMIT_MS = 60_000

/** What becomes of outbound calls that a machine takes, as the agent's profile says. */
export class AnsweringMachines {
  readonly #registry: CallRegistry
  readonly #clock: Clock
  /** Calls that wait for the beep, by our id. */
  readonly #waiting = new Map<string, () => void>()
  readonly #told = new WeakSet<HeldCall>()

  constructor(options: { registry: CallRegistry; clock: Clock }) {
    this.#registry = options.registry
    this.#clock = options.clock
  }

  /** The carrier hears a machine: the agent is silent from here on, or hangs up. */
  detected(carrierCallId: string): void {
    const held = this.#registry.find(carrierCallId)
    const session = held?.session
    if (!held || !session || this.#told.has(held)) return
    const { machineDetection } = held.profile
    if (machineDetection === 'off') return
    this.#told.add(held)
    if (machineDetection === 'hang_up') {
      void session.end('agent_hung_up', 'machine')
      return
    }
    session.muting.set('caller', true)
    session.muting.set('agent', true)
    const { callId } = held.call
    const giveUp = () => void session.end('agent_hung_up', 'machine')
    this.#waiting.set(callId, this.#clock.after(GREETING_LIMIT_MS, giveUp))
    session.once('closed', () => this.#stopWaiting(callId))
  }

  /** The machine records from here on. */
  greetingEnded(carrierCallId: string): void {
    this.detected(carrierCallId)
    const held = this.#registry.find(carrierCallId)
    if (!held?.session || !this.#stopWaiting(held.call.callId)) return
    held.session.muting.set('agent', false)
    held.session.sayGoodbye(held.profile.voicemailMessage, {
      reason: 'agent_hung_up',
      detail: 'voicemail',
      deadlineMs: MESSAGE_LIMIT_MS
    })
  }

  #stopWaiting(callId: string): boolean {
    this.#waiting.get(callId)?.()
    return this.#waiting.delete(callId)
  }
}
