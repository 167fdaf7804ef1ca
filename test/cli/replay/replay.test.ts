import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { replay } from '../../../cli/replay/replay.ts'
import { readTape, shorten, TapeError } from '../../../cli/replay/tape-file.ts'
import { createTapeRecorder } from '../../../services/tape/tape-recorder.ts'
import { tapedEngine } from '../../../services/tape/taped-engine.ts'
import { createMediaFactory } from '../../../services/tape/taped-media.ts'
import { CallControl } from '../../../sessions/call-control.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import { CallRegistry } from '../../../sessions/call-registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedEngine } from '../../support/scripted-engine.ts'
import { testProfile } from '../../support/session-rig.ts'

/** More is more than Node reads at once. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1

const PCMU = { encoding: 'pcmu', sampleRate: 8000 } as const

let folder: string
let file: string

/** Looks when it is told: the test is the service behind it. */
const lookUp = {
  spec: { name: 'look_up', description: 'Looks it up.', parameters: { type: 'object', properties: {} } },
  answers: [] as PromiseWithResolvers<string>[],
  run() {
    const answer = Promise.withResolvers<string>()
    this.answers.push(answer)
    return answer.promise
  }
}

/** A server tells of it when the call is there already. */
const late = {
  spec: { name: 'look_late', description: 'Looks.', parameters: { type: 'object', properties: {} } },
  run: async () => 'better late'
}

/** An engine that hears the caller out of the very call that hands it the audio, as the embedded one does. */
class AttentiveEngine extends ScriptedEngine {
  #frames = 0

  override sendAudio(payload: Uint8Array): void {
    super.sendAudio(payload)
    this.#frames += 1
    if (this.#frames === 40) this.emit('callerSpeechStarted', { utteranceId: 'u1' })
  }
}

async function recordCall(): Promise<string> {
  const clock = new ManualClock()
  const log = pino({ level: 'silent' })
  const registry = new CallRegistry({ maxConcurrentCalls: 1, clock })
  const events = createCallEvents({
    now: () => clock.now(),
    onListenerError: (error) => assert.fail(String(error))
  })
  const tapes = await createTapeRecorder({ folder, clock, events, log })
  const engine = new AttentiveEngine()
  const control = new CallControl({
    registry,
    events,
    clock,
    log,
    maxCallMs: 3_600_000,
    onAddedLatency: () => {},
    agentForNumber: async () => testProfile,
    createEngine: (_profile, _format, tools, tape) => {
      assert.ok(tape)
      tape.engine({
        name: 'local',
        transcribesAll: true,
        inputFormat: PCMU,
        outputFormat: PCMU,
        tools,
        realtime: null
      })
      return tapedEngine(engine, tape)
    },
    openTape: (header) => tapes.record({ version: 1, ...header }),
    createTools: () => ({ tools: [lookUp], later: Promise.resolve([late]) }),
    mintStream: () => ({ url: 'wss://localhost', token: 'token' })
  })
  const call = control.openTestCall({ profile: testProfile, format: PCMU })
  const held = registry.find(call.callId)
  assert.ok(held?.session)
  await engine.becomeReady()
  await setImmediate()

  const socket = new FakeSocket()
  const media = createMediaFactory({ clock, l16ByteOrder: 'auto', idleTimeoutMs: 30_000 })
  held.session.attachMedia(media.telnyx(socket, held))
  socket.receive({ event: 'start', start: { media_format: { encoding: 'PCMU', sample_rate: 8000 } } })
  let chunk = 0
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      clock.advance(20.3)
      chunk += 1
      const payload = Buffer.alloc(160, 0xff).toString('base64')
      socket.receive({ event: 'media', media: { track: 'inbound', chunk: String(chunk), payload } })
      await setImmediate()
    }
  }

  engine.speak('r1', 3000, 'Good day.')
  await pass(900)
  engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
  engine.emit('callerTranscript', { utteranceId: 'u1', text: 'when do you open' })
  engine.emit('toolCall', { id: 't1', name: 'look_up', arguments: '{}', spoken: false })
  await pass(300)
  lookUp.answers.at(-1)?.resolve('at nine')
  await pass(100)
  engine.emit('toolCall', { id: 't2', name: 'look_late', arguments: '{}', spoken: true })
  await pass(60)
  held.session.say('One moment.')
  engine.speak('r2', 400, 'At nine.')
  engine.emit('replyDone', { replyId: 'r2' })
  await pass(200)
  void held.session.end('operator')
  await tapes.close()
  return path.join(folder, `${call.callId}.jsonl`)
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'offhook-tapes-'))
  file = await recordCall()
})
after(() => rm(folder, { recursive: true, force: true }))

/** The same tape with some lines changed. */
async function spoilt(change: (lines: string[]) => string[]): Promise<string> {
  const spoiltFile = path.join(folder, 'spoilt.jsonl')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  await writeFile(spoiltFile, `${change(lines).join('\n')}\n`)
  return spoiltFile
}

describe('a replay', () => {
  it('does what was done: for the caller, the engine, a tool and the operator, at the very same instants', async () => {
    const tape = await readTape(file)
    const { departures, events } = await replay(tape)
    assert.deepEqual(departures, [])
    const sent = tape.lines.flatMap((line) => (line.kind === 'out' ? [line.data] : []))
    assert.ok(
      sent.some((data) => data.includes('"clear"')),
      'the caller took the floor'
    )
    assert.ok(sent.some((data) => data.includes('"interrupt"') && /"heardMs":[1-9]/.test(data)))
    assert.ok(
      sent.some((data) => data.includes('at nine')),
      'the tool came back'
    )
    assert.ok(
      sent.some((data) => data.includes('setTools')) && sent.some((data) => data.includes('better late')),
      'a tool turned up late, and came back too'
    )
    assert.ok(
      sent.some((data) => data.includes('One moment.')),
      'the operator had the agent say something'
    )
    assert.equal(events.at(-1)?.type, 'call.ended')
  })

  it('gives the same result every time', async () => {
    const tape = await readTape(file)
    const [once, again] = [await replay(tape), await replay(tape)]
    assert.deepEqual(once, again)
  })

  it('does what was done also by a tape that keeps digests and lengths alone', async () => {
    const short = await spoilt((lines) => lines.map((line, i) => (i === 0 ? line : shorten(line))))
    assert.deepEqual((await replay(await readTape(short))).departures, [])
    assert.ok((await readFile(short)).byteLength < (await readFile(file)).byteLength / 2)
  })

  it('departs where something is done that was not', async () => {
    const tape = await spoilt((lines) => lines.filter((line) => !line.includes('{\\"event\\":\\"clear\\"}')))
    const { departures } = await replay(await readTape(tape))
    assert.ok(departures.length > 0)
    assert.ok(departures.every(({ expected }) => expected === null))
    assert.ok(departures.every(({ got }) => got?.what === '{"event":"clear"}'))
  })

  it('departs where a frame from outside is missing', async () => {
    const tape = await spoilt((lines) => {
      const frame = lines.findIndex((line) => line.includes('\\"chunk\\":\\"20\\"'))
      return lines.filter((_, i) => i !== frame)
    })
    assert.ok((await replay(await readTape(tape))).departures.length > 0)
  })

  it('departs where the caller would have been told to hear less', async () => {
    const tape = await spoilt((lines) =>
      lines.map((line) => line.replace(/heardMs\\":(\d+)/, (_match, ms) => `heardMs\\":${Number(ms) - 1}`))
    )
    const { departures } = await replay(await readTape(tape))
    assert.deepEqual(
      departures.map(({ got }) => got?.what.includes('heardMs')),
      [true]
    )
  })

  it('says which line of a tape it cannot read', async () => {
    const tape = await spoilt((lines) => [...lines.slice(0, 4), lines[4].slice(0, 20)])
    await assert.rejects(readTape(tape), (error: unknown) => {
      assert.ok(error instanceof TapeError)
      assert.match(error.message, /^Line 5 /)
      return true
    })
  })

  it('says of a path whether nothing is there, or a folder, or more than can be read', async () => {
    const complaint = (tape: string) => readTape(tape).then(String, ({ message }: TapeError) => message)
    assert.equal(await complaint(`${file}.gone`), `There is no tape at ${file}.gone.`)
    assert.equal(await complaint(folder), `${folder} is a folder: expected the path of a tape.`)
    const large = path.join(folder, 'large.jsonl')
    await writeFile(large, '')
    // Takes no room on the disk.
    await truncate(large, LARGEST_FILE_BYTES + 1)
    assert.equal(await complaint(large), `The tape ${large} is too large: expected less than 2 GiB.`)
  })
})
