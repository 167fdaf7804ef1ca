/**
 * The floor: a relay between Telnyx's media stream and OpenAI Realtime with no features at all. One JSON.parse and one
 * JSON.stringify each way, on `ws` as it comes. What a voice server costs beyond this is its own.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { createProcessMeter } from './process-meter.ts'
import { answerQuestions } from './processes.ts'

const http = createServer()
const carriers = new WebSocketServer({ server: http, perMessageDeflate: false })

carriers.on('connection', (carrier) => {
  const engine = new WebSocket(`${process.env.OPENAI_BASE_URL}/realtime?model=bare`, {
    headers: { authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    perMessageDeflate: false
  })
  carrier.on('message', (data: RawData) => {
    const frame = JSON.parse(data.toString())
    if (frame.event !== 'media' || engine.readyState !== WebSocket.OPEN) return
    engine.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: frame.media.payload }))
  })
  engine.on('message', (data: RawData) => {
    const event = JSON.parse(data.toString())
    if (event.type !== 'response.output_audio.delta' || carrier.readyState !== WebSocket.OPEN) return
    carrier.send(JSON.stringify({ event: 'media', media: { payload: event.delta } }))
  })
  carrier.on('close', () => engine.close())
  engine.on('close', () => carrier.close())
})

await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const { port } = http.address() as AddressInfo
const meter = createProcessMeter()

const questions = {
  sample: (_: null) => meter.sample(),
  url: (_: null) => `ws://127.0.0.1:${port}`
}
export type BareQuestions = typeof questions

answerQuestions(questions, () => undefined)
