import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { PCMU_8K } from '../../../audio/format.ts'
import type { SocketLike } from '../../../services/carriers/socket-like.ts'
import { createTapeRecorder } from '../../../services/tape/tape-recorder.ts'
import { TapedSocket } from '../../../services/tape/taped-socket.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import type { CallEvent } from '../../../sessions/contracts/call-events.ts'
import type { TapeHeader, TapeLine } from '../../../sessions/contracts/call-tape.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { testCall, testProfile } from '../../support/session-rig.ts'

const header: TapeHeader = {
  version: 1,
  call: testCall,
  profile: testProfile,
  streamFormat: PCMU_8K,
  maxCallMs: 3_600_000,
  mediaDeadlineMs: 20_000
}
const media = { dialect: 'telnyx', idleTimeoutMs: 30_000 } as const
const ended: CallEvent = {
  type: 'call.ended',
  reason: 'operator',
  answeredAt: 0,
  durationMs: 0,
  turns: 0,
  interruptions: 0,
  p50ResponseMs: null,
  p95ResponseMs: null,
  answerToGreetingMs: null,
  deadAirMs: 0
}

let folder: string
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'offhook-tapes-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function createRecorder(options: { folder?: string } = {}) {
  const clock = new ManualClock()
  const log: Record<string, unknown>[] = []
  const events = createCallEvents({
    now: () => clock.now(),
    onListenerError: (error) => assert.fail(String(error))
  })
  const recorder = await createTapeRecorder({
    folder: options.folder ?? folder,
    clock,
    events,
    log: pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) })
  })
  return { clock, events, recorder, log }
}

async function linesOf(file = path.join(folder, `${testCall.callId}.jsonl`)): Promise<TapeLine[]> {
  const text = await readFile(file, 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line))
}

describe('a tape', () => {
  it('has what crossed the socket, when, and how the call ended', async () => {
    const { clock, events, recorder } = await createRecorder()
    const socket = new FakeSocket()
    const tape = recorder.record(header)
    const taped = new TapedSocket(socket, tape, media)
    const session = tape.commands({ end: () => events.publish(testCall, ended) })
    taped.on('message', () => taped.send('pong'))
    clock.advance(12.5)
    socket.receive('ping')
    clock.advance(7.5)
    session.end()
    await recorder.close()
    assert.deepEqual(await linesOf(), [
      { t: 0, wire: 'carrier', kind: 'open', media },
      { t: 12.5, same: true, wire: 'carrier', kind: 'in', data: 'ping' },
      { t: 12.5, wire: 'carrier', kind: 'out', data: 'pong' },
      { t: 20, same: true, kind: 'ended', reason: 'operator', outside: true }
    ])
    assert.deepEqual(socket.sent, ['pong'])
  })

  it('has an end that waited for the goodbye where the goodbye was heard, also one that an operator asked for', async () => {
    const { clock, events, recorder } = await createRecorder()
    const socket = new FakeSocket()
    const callId = 'goodbye'
    const taped = new TapedSocket(
      socket,
      recorder.record({ ...header, call: { ...testCall, callId } }),
      media
    )
    taped.on('message', () => {
      // Handling takes its time, and by the tape it takes none.
      clock.advance(5)
      events.publish({ ...testCall, callId }, ended)
    })
    clock.advance(12.5)
    socket.receive('mark')
    await recorder.close()
    assert.deepEqual((await linesOf(path.join(folder, `${callId}.jsonl`))).at(-1), {
      t: 12.5,
      kind: 'ended',
      reason: 'operator',
      outside: false
    })
  })

  it('holds no token that a carrier sends back', async () => {
    const { recorder } = await createRecorder()
    const socket = new FakeSocket()
    const taped: SocketLike = new TapedSocket(socket, recorder.record(header), media)
    const heard: string[] = []
    taped.on('message', (data) => heard.push(data.toString()))
    const secret = 'v1.secret-of-the-stream'
    socket.receive({ event: 'connected', connected: { 'x-telnyx-streaming-auth-token': secret } })
    socket.receive({ event: 'start', start: { customParameters: { token: secret } } })
    await recorder.close()
    assert.equal(heard.length, 2)
    assert.ok(
      heard.every((frame) => frame.includes(secret)),
      'the transport still gets it'
    )
    assert.ok(!JSON.stringify(await linesOf()).includes(secret))
  })

  it('holds no secret of a tool', async () => {
    const { recorder } = await createRecorder()
    const tool = {
      name: 'stock',
      description: 'Tells.',
      parameters: { type: 'object' },
      url: 'https://shop.example'
    }
    const tools = [{ type: 'http' as const, ...tool, headers: { 'x-key': 'hush' }, secret: 'whsec_hush' }]
    const call = { ...testCall, callId: 'tools' }
    recorder.record({ ...header, call, profile: { ...testProfile, tools } })
    await recorder.close()
    const text = await readFile(path.join(folder, 'tools.jsonl'), 'utf8')
    assert.match(text, /"x-key":"\*\*\*"/)
    assert.doesNotMatch(text, /hush/)
  })

  it('can be read by nobody else', async () => {
    const { recorder } = await createRecorder()
    recorder.record({ ...header, call: { ...testCall, callId: 'private' } })
    await recorder.close()
    assert.equal((await stat(path.join(folder, 'private.jsonl'))).mode & 0o077, 0)
  })

  it('is given up where it cannot be written, and the call hears nothing of it', async () => {
    const gone = await mkdtemp(path.join(tmpdir(), 'offhook-tapes-'))
    const { recorder, log } = await createRecorder({ folder: gone })
    await rm(gone, { recursive: true })
    const socket = new FakeSocket()
    const taped = new TapedSocket(socket, recorder.record(header), media)
    taped.send('one')
    await recorder.close()
    taped.send('two')
    assert.deepEqual(socket.sent, ['one', 'two'])
    assert.deepEqual(
      log.map(({ event, cause }) => [event, cause]),
      [['tape.broken', 'disk']]
    )
  })

  it('is given up where the disk takes nothing, and neither the call nor the end waits for it', async () => {
    const { clock, recorder, log } = await createRecorder()
    const callId = 'stuck'
    const file = path.join(folder, `${callId}.jsonl`)
    // A pipe that nobody reads is opened for writing only once somebody does.
    execFileSync('mkfifo', [file])
    const socket = new FakeSocket()
    const tape = recorder.record({ ...header, call: { ...testCall, callId } })
    const taped = new TapedSocket(socket, tape, media)
    const frame = 'x'.repeat(100_000)
    for (let sent = 0; sent < 100; sent++) taped.send(frame)
    assert.equal(socket.sent.length, 100)
    assert.deepEqual(
      log.map(({ event, cause }) => [event, cause]),
      [['tape.broken', 'slow']]
    )
    const closed = recorder.close()
    clock.advance(5000)
    await closed
    await (await open(file)).close()
  })
})
