import { performance } from 'node:perf_hooks'
import type { RawData, WebSocket } from 'ws'
import {
  connectedFrame,
  mediaFrame,
  startFrame,
  stopFrame
} from '../../test/standins/telnyx/stream-frames.ts'
import { openSocket } from './fast-socket.ts'
import type { Front } from './front.ts'
import { FRAME_MS, makeAudio, numberedPayload } from './load-shape.ts'

const AUDIO = makeAudio({ carrier: 'PCMU', engine: 'pcmu' })
/** What the caller says before the agent has said hello. */
const FRAMES = 5
const CALL_DEADLINE_MS = 20_000

interface SoakCall {
  readonly streamOpened: (url: string) => void
  readonly answered: () => void
}

export interface SoakResult {
  readonly calls: number
  readonly failed: number
  readonly tookMs: number
}

/** Short calls as fast as they go: the caller says hello, hears the agent's first words, and hangs up. */
export class SoakCalls {
  readonly #calls = new Map<string, SoakCall>()

  /** The model greets as soon as it is asked to. */
  onEngine(socket: WebSocket): void {
    socket.send('{"type":"session.created","event_id":"event_0","session":{"type":"realtime"}}')
    socket.on('error', () => {})
    socket.on('message', (data: RawData) => {
      const { type } = JSON.parse(data.toString())
      if (type === 'session.update')
        socket.send('{"type":"session.updated","event_id":"event_1","session":{"type":"realtime"}}')
      if (type === 'response.create') for (const event of greeting()) socket.send(JSON.stringify(event))
    })
  }

  onCommand(callControlId: string, command: string, body: Record<string, unknown>): void {
    const call = this.#calls.get(callControlId)
    if (command === 'answer') call?.answered()
    if (command === 'streaming_start') call?.streamOpened(String(body.stream_url))
  }

  /** One call from ringing to the end of its media socket. Rejects where the agent is not heard in time. */
  async run(callControlId: string, sendWebhook: (eventType: string) => void): Promise<void> {
    const ended = Promise.withResolvers<void>()
    const timer = setTimeout(() => ended.reject(new Error('The agent was not heard')), CALL_DEADLINE_MS)
    let socket: WebSocket | null = null
    this.#calls.set(callControlId, {
      answered: () => sendWebhook('call.answered'),
      streamOpened: (url) => {
        socket = talk(url, callControlId, () => sendWebhook('call.hangup'))
        socket.on('close', () => ended.resolve())
      }
    })
    sendWebhook('call.initiated')
    try {
      await ended.promise
    } finally {
      clearTimeout(timer)
      this.#calls.delete(callControlId)
      ;(socket as WebSocket | null)?.terminate()
    }
  }
}

export async function runSoak(options: {
  webhookUrl: string
  calls: number
  concurrency: number
  limitMs: number
  front: Front
  soak: SoakCalls
}): Promise<SoakResult> {
  const { webhookUrl, calls, concurrency, limitMs, front, soak } = options
  const startedAt = performance.now()
  let placed = 0
  let failed = 0

  async function caller(): Promise<void> {
    while (placed < calls && performance.now() - startedAt < limitMs) {
      placed += 1
      const id = `v3:soak-${process.pid}-${placed}-${Math.floor(performance.now())}`
      const payload = { call_control_id: id, direction: 'incoming', from: '+13125550100', to: '+13125550199' }
      const sendWebhook = (eventType: string) => front.sendWebhook(webhookUrl, eventType, payload)
      await soak.run(id, sendWebhook).catch(() => {
        failed += 1
      })
    }
  }

  await Promise.all(Array.from({ length: concurrency }, caller))
  await front.webhooksSettled()
  return { calls: placed, failed, tookMs: performance.now() - startedAt }
}

function talk(url: string, callControlId: string, onHeard: () => void): WebSocket {
  const socket = openSocket(url)
  const identity = {
    streamId: 'stream-soak',
    userId: '',
    callControlId,
    callSessionId: '',
    from: '+13125550100',
    to: '+13125550199',
    clientState: null,
    customParameters: {}
  }
  let heard = false
  socket.on('error', () => {})
  socket.on('open', () => {
    socket.send(connectedFrame(null))
    socket.send(startFrame(identity, { encoding: 'PCMU', sampleRateHz: 8000, byteOrder: 'le' }, 1))
    for (let number = 0; number < FRAMES; number++) {
      const payload = numberedPayload(number, AUDIO)
      const at = { sequence: number + 2, chunk: number + 1, timestamp: number * FRAME_MS }
      socket.send(mediaFrame({ streamId: identity.streamId, track: 'inbound', ...at, payload }))
    }
  })
  socket.on('message', (data: RawData) => {
    if (heard || JSON.parse(data.toString()).event !== 'media') return
    heard = true
    onHeard()
    socket.send(stopFrame(identity, FRAMES + 2))
    socket.close()
  })
  return socket
}

function greeting(): object[] {
  const at = { response_id: 'resp_1', item_id: 'item_1', output_index: 0, content_index: 0 }
  const item = { id: 'item_1', type: 'message', role: 'assistant', content: [] }
  return [
    { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } },
    { type: 'response.output_audio_transcript.delta', ...at, delta: 'Hello.' },
    { type: 'response.output_audio.delta', ...at, delta: AUDIO.deltas[0].payload },
    { type: 'response.output_item.done', response_id: 'resp_1', output_index: 0, item },
    { type: 'response.done', response: { id: 'resp_1', status: 'completed', output: [item] } }
  ]
}
