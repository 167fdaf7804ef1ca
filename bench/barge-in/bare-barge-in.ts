/**
 * The floor of barge-in: a relay that can be interrupted, and nothing else, on `ws` as it comes. What the caller heard is
 * read off the inbound media clock, milliseconds of caller audio received: the line's delay cancels, and it stands still
 * from frame to frame.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { createProcessMeter } from '../process-meter.ts'
import { answerQuestions } from '../processes.ts'

const { TELNYX_BASE_URL, TELNYX_API_KEY, OPENAI_BASE_URL, OPENAI_API_KEY } = process.env
const PCMU = { type: 'audio/pcmu' } as const
/** Finds the same turns as the server's own does. */
const SESSION_UPDATE = JSON.stringify({
  type: 'session.update',
  session: {
    type: 'realtime',
    audio: {
      input: {
        format: PCMU,
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          create_response: true,
          interrupt_response: true
        }
      },
      output: { format: PCMU }
    }
  }
})

const http = createServer(async (request, response) => {
  const { data } = (await json(request)) as {
    data: { event_type: string; payload: { call_control_id: string } }
  }
  response.end()
  if (data.event_type === 'call.initiated') await answer(data.payload.call_control_id)
})
const carriers = new WebSocketServer({ server: http, perMessageDeflate: false })
carriers.on('connection', relay)

/** One command brings the call and its media stream. */
async function answer(callControlId: string): Promise<void> {
  const { ok, status } = await fetch(`${TELNYX_BASE_URL}/calls/${callControlId}/actions/answer`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TELNYX_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      stream_url: `ws://127.0.0.1:${port}`,
      stream_track: 'inbound_track',
      stream_codec: 'PCMU',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_target_legs: 'self'
    })
  })
  if (!ok) throw new Error(`The call could not be answered: ${status}`)
}

function relay(carrier: WebSocket): void {
  const engine = new WebSocket(`${OPENAI_BASE_URL}/realtime?model=bare`, {
    headers: { authorization: `Bearer ${OPENAI_API_KEY}` },
    perMessageDeflate: false
  })
  /** The inbound media clock, and where on it what the carrier has queued will have been played. */
  let nowMs = 0
  let queuedUntilMs = 0
  let spoken = { itemId: '', sentMs: 0 }
  let cutItemId = ''

  function speak(itemId: string, delta: string): void {
    // Of a response that was cut, these were on their way.
    if (itemId === cutItemId) return
    if (itemId !== spoken.itemId) spoken = { itemId, sentMs: 0 }
    const ms = pcmuMs(delta)
    spoken.sentMs += ms
    queuedUntilMs = Math.max(nowMs, queuedUntilMs) + ms
    carrier.send(JSON.stringify({ event: 'media', media: { payload: delta } }))
  }

  function interrupt(): void {
    const unheardMs = queuedUntilMs - nowMs
    if (unheardMs <= 0) return
    carrier.send(JSON.stringify({ event: 'clear' }))
    const audio_end_ms = Math.max(0, Math.floor(spoken.sentMs - unheardMs))
    const item_id = spoken.itemId
    engine.send(
      JSON.stringify({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms })
    )
    queuedUntilMs = nowMs
    cutItemId = item_id
  }

  carrier.on('message', (data: RawData) => {
    const frame = JSON.parse(data.toString())
    if (frame.event !== 'media') return
    nowMs += pcmuMs(frame.media.payload)
    if (engine.readyState !== WebSocket.OPEN) return
    engine.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: frame.media.payload }))
  })
  engine.on('open', () => {
    engine.send(SESSION_UPDATE)
    engine.send(JSON.stringify({ type: 'response.create' }))
  })
  engine.on('message', (data: RawData) => {
    const event = JSON.parse(data.toString())
    if (carrier.readyState !== WebSocket.OPEN) return
    if (event.type === 'response.output_audio.delta') speak(event.item_id, event.delta)
    else if (event.type === 'input_audio_buffer.speech_started') interrupt()
  })
  carrier.on('close', () => engine.close())
  engine.on('close', () => carrier.close())
}

/** 8000 bytes a second, in base64. */
function pcmuMs(payload: string): number {
  return Buffer.byteLength(payload, 'base64') / 8
}

await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const { port } = http.address() as AddressInfo
const meter = createProcessMeter()

const questions = {
  sample: (_: null) => meter.sample(),
  webhookUrl: (_: null) => `http://127.0.0.1:${port}`
}
export type BareBargeInQuestions = typeof questions

answerQuestions(questions, () => undefined)
