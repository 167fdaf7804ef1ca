import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { it, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { WebhookReceiver } from '../../standins/webhook-receiver.ts'
import { defer, eventually, makeDataDir } from '../../support/databases.ts'
import { freePort } from '../../support/free-port.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { readStereoWav } from '../../support/stereo-wav.ts'

const TOKEN = 'operator-token-of-the-tests'
const FRAME = Buffer.alloc(160, 0x55).toString('base64')
const FRAME_MS = 20

interface Server {
  readonly url: string
  readonly child: ChildProcess
}

async function start(t: TestContext, env: Record<string, string>): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const own = { PORT: String(port), HOST: '127.0.0.1', OPERATOR_TOKEN: TOKEN }
  const { child } = await startServerProcess(t, { ...env, ...own })
  return { url, child }
}

/** A call that goes on: the caller's frames come in real time until the socket closes. */
async function callIn({ url }: Server): Promise<string> {
  const reply = await fetch(`${url}/api/calls/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ carrier: 'telnyx', codec: 'PCMU' })
  })
  const { callId, streamUrl, streamToken } = (await reply.json()) as Record<string, string>
  const socket = new WebSocket(streamUrl, { headers: { 'x-telnyx-streaming-auth-token': streamToken } })
  await once(socket, 'open')
  const media_format = { encoding: 'PCMU', sample_rate: 8000, channels: 1 }
  socket.send(JSON.stringify({ event: 'connected', version: '1.0.0' }))
  socket.send(
    JSON.stringify({
      event: 'start',
      sequence_number: '1',
      stream_id: callId,
      start: { call_control_id: callId, media_format }
    })
  )
  let chunk = 0
  const timer = setInterval(() => {
    chunk += 1
    const media = {
      track: 'inbound',
      chunk: String(chunk),
      timestamp: String(chunk * FRAME_MS),
      payload: FRAME
    }
    socket.send(
      JSON.stringify({ event: 'media', sequence_number: String(chunk + 1), stream_id: callId, media })
    )
  }, FRAME_MS)
  socket.on('close', () => clearInterval(timer))
  socket.on('error', () => clearInterval(timer))
  return callId
}

it('a server that is killed in the middle of a call loses neither its recording nor its webhook', {
  timeout: 90_000
}, async (t) => {
  const receiver = new WebhookReceiver()
  await receiver.listen()
  const dataDir = await makeDataDir()
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: '',
    RECORD_CALLS: 'true',
    CALL_WEBHOOK_URL: receiver.url,
    CALL_WEBHOOK_SECRET: receiver.secret
  }
  defer(t, () => rm(dataDir, { recursive: true, force: true }))
  defer(t, () => receiver.close())
  const first = await start(t, env)
  const callId = await callIn(first)
  const file = path.join(dataDir, 'recordings', `${callId}.wav`)
  await eventually(
    'two seconds on the disk',
    async () => (await readFile(file).catch(() => '')).length > 64_000
  )
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await start(t, env)
  defer(t, async () => {
    second.child.kill('SIGTERM')
    await once(second.child, 'exit')
  })
  const { data } = await eventually('the webhook', () => receiver.taken[0], 40_000)
  const { call, recording } = data as {
    call: { id: string; end_reason: string }
    recording: { url: string } | null
  }
  assert.deepEqual([call.id, call.end_reason], [callId, 'server_lost'])
  assert.ok(recording, 'the recording is told of')
  const wav = await fetch(`${second.url}${recording.url}`)
  const { left } = readStereoWav(Buffer.from(await wav.arrayBuffer()))
  assert.ok(left.length >= 2 * 8000, `${left.length} samples`)
  assert.ok(left.some((sample) => Math.abs(sample) > 200))
  assert.deepEqual(await readdir(path.join(dataDir, 'recordings')), [`${callId}.wav`])
  assert.equal(receiver.received.length, 1)
})
