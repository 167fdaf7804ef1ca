import type pg from 'pg'
import type { CallEvent, CallIdentity } from '../../../sessions/contracts/call-events.ts'
import { ended, inboundCall, NOON, SESSION_READY, STREAM_CONNECTED, turn } from './recorder-rig.ts'

/** A call, and what happened in it: offsets from noon in ms. */
export interface ToldCall {
  readonly call: CallIdentity
  readonly script: readonly (readonly [number, CallEvent])[]
}

/** A call of `turns` turns that is answered at once; its events are a second apart, so that a test can stop in between. */
export function telling(turns: number, startMs = 0): ToldCall {
  const script: [number, CallEvent][] = [
    [startMs, { type: 'call.initiated' }],
    [startMs + 1_000, { type: 'call.answered' }],
    [startMs + 2_000, STREAM_CONNECTED],
    [startMs + 3_000, SESSION_READY]
  ]
  const next = () => startMs + script.length * 1_000
  for (let index = 0; index < turns; index++) {
    const words = `Turn ${index} — ünïcode, "quotes", \\ and a\nbreak 🙂`
    const side = { saidText: words, heardText: words.slice(0, 20), startedAt: NOON, endedAt: NOON + 5 }
    script.push([next(), { type: 'turn.completed', turn: turn(index, { agent: side }), revised: false }])
    const quantity = 100 + index
    const record = {
      provider: 'openai',
      model: 'm',
      kind: 'llm',
      unit: 'text_input_token',
      quantity
    } as const
    script.push([next(), { type: 'usage', records: [record, { ...record, unit: 'unheard_of' }] }])
    script.push([next(), { ...TOOL_CALLED, durationMs: index }])
  }
  const durationMs = next() - startMs - 1_000
  script.push([next(), ended(NOON + startMs + 1_000, durationMs)])
  return { call: inboundCall(), script }
}

const TOOL_CALLED = {
  type: 'tool.called',
  tool: 'search_products',
  durationMs: 0,
  ok: true,
  code: null,
  arguments: { query: 'röses' },
  result: { found: 2 }
} as const

const iso = (offsetMs: number) => new Date(NOON + offsetMs).toISOString()
/** The price of a `text_input_token` in these tests; nothing else has one. */
export const TOKEN_USD = 0.001

/** What happened, as text: what the database has to say of it afterwards, to the byte. */
export function told(calls: readonly ToldCall[]): string {
  return calls.flatMap(linesOf).sort().join('\n')
}

function linesOf({ call, script }: ToldCall): string[] {
  const lines: unknown[][] = []
  let answered: string | null = null
  for (const [offsetMs, event] of script) {
    const at = iso(offsetMs)
    if (event.type !== 'usage') lines.push(['event', call.callId, at, event.type])
    if (event.type === 'call.answered') answered = at
    if (event.type === 'turn.completed')
      for (const speaker of ['caller', 'agent'] as const) {
        const { turnIndex, [speaker]: side } = event.turn
        if (side) lines.push(['turn', call.callId, turnIndex, speaker, side.saidText, side.heardText])
      }
    if (event.type === 'usage')
      for (const { unit, quantity } of event.records) {
        const cost = unit === 'text_input_token' ? Number((quantity * TOKEN_USD).toFixed(12)) : null
        lines.push(['item', call.callId, 'm', unit, quantity, cost])
      }
    if (event.type !== 'call.ended') continue
    const seconds = event.durationMs / 1000
    const minutes = Math.max(1, Math.ceil(seconds / 60))
    lines.push(['call', call.callId, 'ended', event.reason, answered, at, seconds])
    lines.push(['minutes', call.callId, seconds, minutes, false])
    for (const model of ['voice_inbound', 'media_stream'])
      lines.push(['item', call.callId, model, 'minute', minutes, null])
  }
  return lines.map((line) => JSON.stringify(line))
}

/** What the database says. */
export async function stored(pool: pg.Pool): Promise<string> {
  const query = async (text: string) => (await pool.query({ text, rowMode: 'array' })).rows as unknown[][]
  const rows = [
    ...(await query(
      "select 'call', id, status, end_reason, answered_at, ended_at, duration_seconds from calls where status <> 'initiated'"
    )),
    ...(await query("select 'event', call_id, occurred_at, type from call_events")),
    ...(await query("select 'turn', call_id, turn_index, speaker, said_text, heard_text from turns")),
    ...(await query("select 'item', call_id, model, unit, quantity, cost_usd from usage_items")),
    ...(await query("select 'minutes', call_id, seconds, minutes, estimated from usage_minutes"))
  ]
  return rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n')
}
