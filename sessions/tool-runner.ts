import type { ToolCall } from './contracts/agent-engine.ts'
import type { ToolSpec } from './contracts/agent-profile.ts'
import type { CallIdentity } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { Tool } from './contracts/tool.ts'
import { ToolFailure } from './errors.ts'

/** The longest a caller is kept waiting for one tool before the agent is told that it failed. */
const TOOL_DEADLINE_MS = 10_000

export interface ToolOutcome {
  /** What the model is told. */
  readonly output: string
  readonly ok: boolean
  /** null where it went well. */
  readonly code: 'unknown_tool' | 'bad_arguments' | 'failed' | 'timeout' | null
  readonly durationMs: number
}

/** Runs the agent's tool calls off the audio path, each under a deadline; every call gets exactly one outcome. */
export class ToolRunner {
  readonly #tools: Map<string, Tool>
  readonly #clock: Clock

  constructor(options: { tools: readonly Tool[]; clock: Clock }) {
    this.#tools = new Map(options.tools.map((tool) => [tool.spec.name, tool]))
    this.#clock = options.clock
  }

  get specs(): ToolSpec[] {
    return [...this.#tools.values()].map(({ spec: { name, description, parameters } }) => ({
      name,
      description,
      parameters
    }))
  }

  /** One of a name that is there already changes nothing. */
  add(tools: readonly Tool[]): void {
    for (const tool of tools) {
      if (!this.#tools.has(tool.spec.name)) this.#tools.set(tool.spec.name, tool)
    }
  }

  /** Never rejects. */
  async run(call: ToolCall, identity: CallIdentity, callSignal: AbortSignal): Promise<ToolOutcome> {
    const startedAt = this.#clock.now()
    const outcome = (code: ToolOutcome['code'], output: string): ToolOutcome => ({
      output,
      ok: code === null,
      code,
      durationMs: Math.round(this.#clock.now() - startedAt)
    })
    const tool = this.#tools.get(call.name)
    if (!tool) return outcome('unknown_tool', `There is no tool named ${call.name}.`)
    const args = parseArguments(call.arguments)
    if (!args) return outcome('bad_arguments', 'The arguments were not a JSON object.')
    const fault = tool.check?.(args) ?? null
    if (fault !== null)
      return outcome('bad_arguments', `The arguments were refused: ${fault}. Call it again with others.`)

    const deadline = new AbortController()
    const cancelDeadline = this.#clock.after(tool.deadlineMs ?? TOOL_DEADLINE_MS, () => deadline.abort())
    const signal = AbortSignal.any([callSignal, deadline.signal])
    const { callId, from, to } = identity
    try {
      return outcome(null, await withAbort(() => tool.run(args, { callId, from, to, signal }), signal))
    } catch (error) {
      if (deadline.signal.aborted) return outcome('timeout', 'The tool took too long and was given up.')
      return outcome('failed', error instanceof ToolFailure ? error.message : 'The tool failed.')
    } finally {
      cancelDeadline()
    }
  }
}

function parseArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** Starts `work` and settles with it, or rejects as soon as `signal` aborts: a tool that ignores it can't hold the call. */
async function withAbort<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
