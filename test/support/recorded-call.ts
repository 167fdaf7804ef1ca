import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { wavHeader } from '../../audio/wav.ts'
import type { RunningServer } from '../../server.ts'

export const RECORDED_CALL = '33333333-3333-4333-8333-333333333333'
export const UNRECORDED_CALL = '44444444-4444-4444-8444-444444444444'
const RATE_HZ = 8000
const SECONDS = 12

/**
 * Two calls as the server leaves them behind: one with a recording, in which the caller interrupts the agent and a tool
 * is slow, and one without, which failed.
 */
export async function leaveCalls({ database }: RunningServer, dataDir: string): Promise<void> {
  const { pool } = database
  const recording = path.join('recordings', `${RECORDED_CALL}.wav`)
  await mkdir(path.join(dataDir, 'recordings'), { recursive: true })
  await writeFile(path.join(dataDir, recording), stereoTones())
  await pool.query(
    `insert into calls (id, carrier, carrier_call_id, direction, from_number, to_number, agent_id, status, end_reason,
       end_detail, initiated_at, answered_at, ended_at, duration_seconds, recording_path, answer_to_greeting_ms)
     values ($1, 'telnyx', 'recorded', 'inbound', '+13125550111', '+13125550199', 'default', 'ended',
         'caller_hung_up', null, now() - interval '1 hour', now() - interval '1 hour',
         now() - interval '1 hour' + interval '12 s', 12, $3, 180),
       ($2, 'telnyx', 'unrecorded', 'outbound', '+13125550199', '+13125550122', 'default', 'failed',
         'carrier_failed', 'busy', now() - interval '2 hours', null, now() - interval '2 hours', 0, null, null)`,
    [RECORDED_CALL, UNRECORDED_CALL, recording]
  )
  await pool.query(
    `insert into turns (call_id, turn_index, speaker, said_text, heard_text, interrupted, started_at, ended_at,
       response_ms, endpoint_ms, engine_ms, playout_ms)
     select $1, index, speaker, said, heard, heard <> said, answered_at + begins * interval '1 s',
       answered_at + ends * interval '1 s', turn.response, turn.endpoint, turn.thinking, turn.playout
     from calls, (values
       (0, 'agent', 'Hello, how can I help?', 'Hello, how can I help?', 0.2, 2, null, null, null, null),
       (1, 'caller', 'Do you have lamps?', 'Do you have lamps?', 3, 4.5, null, null, null, null),
       (1, 'agent', 'We have many lamps of every kind.', 'We have many', 6.7, 8, 2200, 600, 1580, 20),
       (2, 'caller', 'Thank you.', 'Thank you.', 8, 9, null, null, null, null),
       (2, 'agent', 'You are welcome.', 'You are welcome.', 9.6, 11, 620, 400, 200, 20)
     ) as turn (index, speaker, said, heard, begins, ends, response, endpoint, thinking, playout)
     where id = $1`,
    [RECORDED_CALL]
  )
  await pool.query(
    `insert into call_events (call_id, type, event_id, occurred_at, payload)
     select id, 'tool.called', 'tool-1', answered_at + interval '6.5 s',
       '{"tool":"search_products","durationMs":1400,"ok":true,"code":null,"arguments":{"text":"lamps"},"result":"Three lamps."}'
     from calls where id = $1`,
    [RECORDED_CALL]
  )
  await pool.query(
    `insert into usage_minutes (call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes)
     select id, agent_id, to_number, direction, answered_at, ended_at, 12, 1 from calls where id = $1`,
    [RECORDED_CALL]
  )
  await pool.query(
    `insert into usage_items (item_id, call_id, provider, model, kind, unit, quantity, cost_usd, recorded_at)
     values ('item-1', $1, 'openai', 'gpt-realtime', 'llm', 'audio_input_token', 1200, 0.0384, now())`,
    [RECORDED_CALL]
  )
}

/** The caller as one tone at the left, the agent as another at the right, each where they speak. */
function stereoTones(): Buffer {
  const samples = new Int16Array(RATE_HZ * SECONDS * 2)
  const speaks = (spans: number[][], at: number) => spans.some(([from, to]) => at >= from! && at < to!)
  for (let index = 0; index < samples.length / 2; index++) {
    const at = index / RATE_HZ
    const caller = [
      [3, 4.5],
      [8, 9]
    ]
    const agent = [
      [0.2, 2],
      [6.7, 8],
      [9.6, 11]
    ]
    if (speaks(caller, at)) samples[index * 2] = 9000 * Math.sin(at * 2 * Math.PI * 300)
    if (speaks(agent, at)) samples[index * 2 + 1] = 9000 * Math.sin(at * 2 * Math.PI * 500)
  }
  const header = wavHeader({ sampleRate: RATE_HZ, channels: 2, dataBytes: samples.byteLength })
  return Buffer.concat([header, Buffer.from(samples.buffer)])
}
