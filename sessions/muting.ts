import type { CallReporter } from './call-reporter.ts'
import type { AgentEngine } from './contracts/agent-engine.ts'
import type { Floor } from './floor.ts'
import type { InboundAudio } from './inbound-audio.ts'
import type { OutboundAudio } from './outbound-audio.ts'

export type Party = 'agent' | 'caller'

export interface MutingOptions {
  readonly engine: AgentEngine
  readonly floor: Floor
  readonly inbound: InboundAudio
  readonly outbound: OutboundAudio
  readonly reporter: CallReporter
}

/** Silences one party of a call for the other: the agent in the caller's ear, or the caller in the agent's. */
export class Muting {
  readonly #options: MutingOptions
  readonly #muted = { agent: false, caller: false }
  #dropped: string | null = null

  constructor(options: MutingOptions) {
    this.#options = options
  }

  /** Who is silenced now. */
  get muted(): Readonly<Record<Party, boolean>> {
    return this.#muted
  }

  /** Whether anybody is. */
  get any(): boolean {
    return this.#muted.agent || this.#muted.caller
  }

  /** A muted agent stops at once, and nothing of what it says is sent or counts as said. */
  set(party: Party, muted: boolean): void {
    const { floor, inbound, outbound } = this.#options
    this.#muted[party] = muted
    if (party === 'caller') {
      inbound.mute(muted)
      return
    }
    if (muted) floor.stopAgent()
    outbound.mute(muted)
  }

  /** Audio of this reply came from the engine and was not played. Makes a muted agent forget that it spoke. */
  notPlayed(replyId: string): void {
    const { engine, outbound, reporter } = this.#options
    if (!outbound.muted || this.#dropped === replyId) return
    this.#dropped = replyId
    engine.interrupt([{ replyId, heardMs: 0, receivedMs: 0 }])
    reporter.replyDropped([replyId])
  }
}
