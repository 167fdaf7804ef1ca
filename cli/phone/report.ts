/** One exchange of a finished call. Milliseconds; null where there was nothing to measure. */
export interface ReportedTurn {
  readonly turnIndex: number
  /** What the server understood of the caller. */
  readonly caller: { readonly saidText: string } | null
  readonly agent: { readonly saidText: string; readonly heardText: string } | null
  readonly interrupted: boolean
  readonly heardMs: number
  readonly saidMs: number
  /** Caller's last speech to the first frame played, as the server measured it, and its three parts. */
  readonly responseMs: number | null
  readonly endpointMs: number | null
  readonly engineMs: number | null
  readonly playoutMs: number | null
  /** The same as the phone measured it, from the audio it recorded. */
  readonly phoneResponseMs: number | null
}

export interface CallReport {
  /** Whether the agent was heard. */
  readonly ok: boolean
  /** Why not; null where it was. */
  readonly failure: string | null
  readonly callId: string
  readonly codec: string
  /** Hz. */
  readonly sampleRate: number
  readonly turns: readonly ReportedTurn[]
  /** null where the server did not tell. */
  readonly endReason: string | null
  readonly endedBy: 'phone' | 'server'
  readonly durationMs: number
  /** Agent's audio that was played. */
  readonly heardMs: number
  /** Path of the recording. */
  readonly wav: string | null
}

const BAR_WIDTH = 44
const PARTS = [
  ['endpoint', 'endpointMs', '-'],
  ['engine', 'engineMs', '='],
  ['playout', 'playoutMs', '#']
] as const

const END_REASONS: Readonly<Record<string, string>> = {
  caller_hung_up: 'the caller hung up',
  agent_hung_up: 'the agent hung up',
  operator: 'the operator ended it',
  transferred: 'it was transferred',
  silence: 'nobody spoke',
  max_length: 'it reached the longest duration allowed',
  media_lost: 'the media stream was lost',
  engine_failed: 'the speech engine failed',
  connect_timeout: 'it was not connected in time',
  draining: 'the server is shutting down'
}

/** The text for people, without colours. */
export function reportText(report: CallReport): string {
  const sections = [
    ['Transcript', ...transcriptLines(report.turns)],
    ['Latency (ms)', ...latencyLines(report.turns)],
    endLines(report)
  ]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Who said what, in order; `heardText` only where the agent was interrupted. */
export function transcriptOf(
  turns: readonly ReportedTurn[]
): { speaker: 'caller' | 'agent'; text: string; heardText?: string; heardMs?: number }[] {
  return turns.flatMap(({ caller, agent, interrupted, heardMs }) => [
    ...(caller ? [{ speaker: 'caller' as const, text: caller.saidText }] : []),
    ...(agent
      ? [
          {
            speaker: 'agent' as const,
            text: agent.saidText,
            ...(interrupted ? { heardText: agent.heardText, heardMs } : {})
          }
        ]
      : [])
  ])
}

function transcriptLines(turns: readonly ReportedTurn[]): string[] {
  const lines = transcriptOf(turns).flatMap(({ speaker, text, heardText, heardMs }) => {
    const line = `  ${speaker.padEnd(8)}${text || '(nothing understood)'}`
    if (heardText === undefined) return [line]
    return [line, `          [interrupted after ${heardMs} ms heard: ${heardText || 'no word'}]`]
  })
  return lines.length > 0 ? lines : ['  (the server told of no turn)']
}

function latencyLines(turns: readonly ReportedTurn[]): string[] {
  const answered = turns.filter(({ caller }) => caller !== null)
  const longestMs = Math.max(1, ...answered.map(({ responseMs }) => responseMs ?? 0))
  const lines = answered.flatMap((turn) => waterfall(turn, longestMs))
  return lines.length > 0 ? lines : ['  (no turn was answered)']
}

/** Each part of a response begins where the one before ended; `longestMs` fills the width. */
function waterfall(turn: ReportedTurn, longestMs: number): string[] {
  const total = turn.responseMs === null ? 'not measured' : `${turn.responseMs} at the server`
  const phone = turn.phoneResponseMs === null ? '' : `, ${turn.phoneResponseMs} at the phone`
  const lines = [`  turn ${turn.turnIndex}: ${total}${phone}`]
  if (turn.responseMs === null) return lines
  let elapsedMs = 0
  for (const [name, key, fill] of PARTS) {
    const ms = turn[key] ?? 0
    const from = Math.min(BAR_WIDTH - 1, columns(elapsedMs, longestMs))
    elapsedMs += ms
    const width = ms > 0 ? Math.max(1, columns(elapsedMs, longestMs) - from) : 0
    const bar = `${' '.repeat(from)}${fill.repeat(width)}`.padEnd(BAR_WIDTH)
    lines.push(`    ${name.padEnd(9)}|${bar.slice(0, BAR_WIDTH)}| ${String(ms).padStart(5)}`)
  }
  return lines
}

function columns(ms: number, longestMs: number): number {
  return Math.min(BAR_WIDTH, Math.round((ms * BAR_WIDTH) / longestMs))
}

function endLines({ ok, failure, endReason, endedBy, durationMs, heardMs, wav }: CallReport): string[] {
  const meaning = endReason === null ? undefined : END_REASONS[endReason]
  const reason =
    endReason === null
      ? `the ${endedBy} closed the line, and the server told no reason`
      : `${endReason}${meaning ? ` (${meaning})` : ''}`
  return [
    `The call ended after ${seconds(durationMs)}: ${reason}.`,
    ok ? `The agent was heard for ${seconds(heardMs)}.` : `${failure}`,
    ...(wav === null ? [] : [`Recording (caller left, agent right): ${wav}`])
  ]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
