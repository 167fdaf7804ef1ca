import type { CallReporter } from './call-reporter.ts'
import type { AgentEngine, ToolCall } from './contracts/agent-engine.ts'
import type { CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { ToolOutcome, ToolRunner } from './tool-runner.ts'

/** A caller takes a pause of this length for thought; a longer one for a line gone dead. */
const FILLER_AFTER_MS = 800
/** What an agent says before it hands a caller over is shorter. */
const LONGEST_WORDS_MS = 8000
/** What of arguments and results is told and kept. */
const TOLD_CHARACTERS = 4000

export interface ToolCallsOptions {
  readonly call: CallIdentity
  readonly runner: ToolRunner
  readonly engine: AgentEngine
  readonly reporter: CallReporter
  readonly clock: Clock
  /** Aborts when the call ends. */
  readonly signal: AbortSignal
  /** Said in turn while the caller waits. */
  readonly fillers: readonly string[]
  /** Milliseconds of the agent's words on their way to the caller. */
  readonly unheardMs: () => number
  /** Whether nobody speaks, or is about to: a filler would be in nobody's way. */
  readonly quiet: () => boolean
  /** The agent is told to speak on. */
  readonly onReplyAwaited: () => void
  /** The agent wants to end the call. */
  readonly onEndCall: () => void
}

/**
 * The tool calls of one call, each answered exactly once. Where one takes its time and nothing has been said, the agent
 * fills the pause: once, however many run.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions
  /** Those without an answer, and when they began. */
  readonly #open = new Map<ToolCall, number>()
  #cancelFiller: (() => void) | null = null
  #fillersSaid = 0

  constructor(options: ToolCallsOptions) {
    this.#options = options
  }

  /** Whether the caller waits for one. */
  get running(): boolean {
    return this.#open.size > 0
  }

  /** Never rejects. */
  async run(call: ToolCall): Promise<void> {
    if (call.name === 'end_call') return this.#endCall(call)
    const { call: identity, clock, engine, onReplyAwaited, runner, signal } = this.#options
    this.#open.set(call, clock.now())
    if (!call.spoken) this.#fillLater()
    else if (call.name === 'transfer_call') await this.#heardFirst()
    if (!this.#open.has(call)) return
    const outcome = await runner.run(call, identity, signal)
    // The call is over, and has been told of.
    if (!this.#open.delete(call)) return
    if (!this.running) this.#stopFilling()
    this.#tell(call, outcome)
    onReplyAwaited()
    engine.returnToolResult(call.id, outcome.output, { reply: true })
  }

  /** The agent will answer what the caller says now: a filler after that would come late. */
  callerSpoke(): void {
    this.#stopFilling()
  }

  /** What still runs gets no answer any more. A transfer that ends the call has done what it was asked to. */
  close(reason: EndReason): void {
    this.#stopFilling()
    const now = this.#options.clock.now()
    for (const [call, startedAt] of this.#open) {
      const ok = reason === 'transferred' && call.name === 'transfer_call'
      const durationMs = Math.round(now - startedAt)
      this.#publish(call, { durationMs, ok, code: ok ? null : 'call_ended', result: null })
    }
    this.#open.clear()
  }

  /** Carried out by the session itself, which lets the goodbye be heard first. */
  #endCall(call: ToolCall): void {
    const { engine, onEndCall, onReplyAwaited } = this.#options
    const output = 'The call ends after your goodbye.'
    if (!call.spoken) onReplyAwaited()
    engine.returnToolResult(call.id, output, { reply: !call.spoken })
    this.#publish(call, { durationMs: 0, ok: true, code: null, result: output })
    onEndCall()
  }

  /** A carrier that is asked to transfer may take the caller away in the middle of "I am putting you through". */
  #heardFirst(): Promise<void> {
    const { clock, unheardMs } = this.#options
    const { promise, resolve } = Promise.withResolvers<void>()
    clock.after(Math.min(unheardMs(), LONGEST_WORDS_MS), resolve)
    return promise
  }

  #fillLater(): void {
    const { clock, fillers } = this.#options
    if (this.#cancelFiller || fillers.length === 0) return
    this.#cancelFiller = clock.after(FILLER_AFTER_MS, () => this.#fill())
  }

  #fill(): void {
    const { engine, fillers, quiet } = this.#options
    const filler = fillers[this.#fillersSaid % fillers.length]
    if (filler === undefined || !quiet()) return
    this.#fillersSaid += 1
    engine.say(filler)
  }

  /** The next wait may be filled again. */
  #stopFilling(): void {
    this.#cancelFiller?.()
    this.#cancelFiller = null
  }

  #tell(call: ToolCall, { code, durationMs, ok, output }: ToolOutcome): void {
    this.#publish(call, { durationMs, ok, code, result: output })
  }

  #publish(
    call: ToolCall,
    outcome: { durationMs: number; ok: boolean; code: string | null; result: string | null }
  ): void {
    const result = outcome.result === null ? null : told(outcome.result)
    this.#options.reporter.publish({
      type: 'tool.called',
      tool: call.name,
      ...outcome,
      arguments: told(call.arguments),
      result
    })
  }
}

/** The JSON value of a text; where it is none or too long, its beginning as it is. */
function told(text: string): unknown {
  if (text.length > TOLD_CHARACTERS) return `${text.slice(0, TOLD_CHARACTERS)}…`
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
