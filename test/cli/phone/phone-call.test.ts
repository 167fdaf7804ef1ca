import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import wavefile from 'wavefile'
import { parseOptions } from '../../../cli/phone/options.ts'
import { phoneCall } from '../../../cli/phone/phone-call.ts'
import { PhoneError } from '../../../cli/phone/phone-error.ts'
import { Progress } from '../../../cli/phone/progress.ts'
import { systemClock } from '../../../services/clock.ts'
import { ScriptedServer, TOKEN } from './scripted-server.ts'

type Script = ConstructorParameters<typeof ScriptedServer>[0]

async function serve(test: TestContext, script: Script): Promise<ScriptedServer> {
  const server = new ScriptedServer(script)
  test.after(() => server.close())
  await server.listen()
  return server
}

function call(
  server: { url: URL },
  args: readonly string[],
  { token = TOKEN, signal = new AbortController().signal, told = [] as string[] } = {}
) {
  const options = parseOptions(['--server', server.url.href, ...args])
  const progress = new Progress((level, text) => told.push(`${level}: ${text}`))
  return phoneCall({ options, token, clock: systemClock, progress, signal })
}

const TURN = {
  turnIndex: 0,
  caller: null,
  agent: { saidText: 'Hello there. Goodbye.', heardText: 'Hello there. Goodbye.', startedAt: 1, endedAt: 2 },
  interrupted: false,
  heardMs: 200,
  saidMs: 200,
  latency: { responseMs: null, endpointMs: null, engineMs: null, playoutMs: null }
}

describe('a call of the phone', { timeout: 20_000 }, () => {
  it('hears the agent out, tells what the server told of this call, and records it', async (test) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'phone-call-'))
    test.after(() => rmSync(folder, { recursive: true }))
    const server = await serve(test, {
      onStart: (end) => {
        end.tell(
          'transcript',
          { turnIndex: 0, speaker: 'agent', text: 'Another call.', final: false },
          'other'
        )
        end.tell('transcript', { turnIndex: 0, speaker: 'agent', text: 'Hello ', final: false })
        end.tell('transcript', { turnIndex: 0, speaker: 'agent', text: 'there. Goodbye.', final: false })
        end.speak(200, 'goodbye')
      },
      onMark: (_name, end) => {
        end.tell('turn.completed', { turn: TURN, revised: false })
        end.hangUp()
      }
    })
    const told: string[] = []
    const out = path.join(folder, 'call.wav')
    const report = await call(server, ['--dtmf', '1', '--out', out, '--agent', 'desk'], { told })
    assert.deepEqual(
      { ok: report.ok, reason: report.endReason, by: report.endedBy, heardMs: report.heardMs },
      { ok: true, reason: 'agent_hung_up', by: 'server', heardMs: 200 }
    )
    assert.deepEqual(
      report.turns.map(({ agent }) => agent?.saidText),
      ['Hello there. Goodbye.']
    )
    assert.deepEqual(
      told.filter((line) => line.startsWith('agent:')),
      ['agent: Hello there. Goodbye.']
    )
    assert.deepEqual(server.requests[0].body, {
      carrier: 'telnyx',
      codec: 'PCMU',
      rate: 8000,
      agentId: 'desk'
    })
    const [caller, agent] = new wavefile.WaveFile(readFileSync(out)).getSamples(
      false
    ) as unknown as Float64Array[]
    assert.equal(Math.max(...caller), 0)
    assert.ok(Math.max(...agent) > 9000)
  })

  it('asks for the reason of the end where it was not told, and knows an agent that was not heard', async (test) => {
    const server = await serve(test, { endReason: 'engine_failed', onStart: (end) => end.media?.close() })
    const report = await call(server, ['--dtmf', '1'])
    assert.equal(report.ok, false)
    assert.match(report.failure ?? '', /not heard.*no audio/)
    assert.equal(report.endReason, 'engine_failed')
  })

  it('does not take silence for an agent', async (test) => {
    const server = await serve(test, {
      onStart: (end) => {
        const payload = Buffer.alloc(8 * 200, 0xff).toString('base64')
        end.send({ event: 'media', media: { payload } })
        end.send({ event: 'mark', mark: { name: 'end' } })
      },
      onMark: (_name, end) => end.hangUp()
    })
    const report = await call(server, ['--dtmf', '1'])
    assert.equal(report.ok, false)
    assert.match(report.failure ?? '', /200 ms of audio came, and it was silence/)
  })

  it('hangs up when told to', async (test) => {
    const hangUp = new AbortController()
    const server = await serve(test, {
      onStart: (end) => end.speak(200, 'greeted'),
      onMark: () => hangUp.abort()
    })
    const report = await call(server, ['--dtmf', '1'], { signal: hangUp.signal })
    assert.equal(report.endedBy, 'phone')
    assert.equal(report.endReason, 'caller_hung_up')
    assert.equal(server.received.at(-1)?.event, 'stop')
  })

  it('hangs up at the end of its time', async (test) => {
    const server = await serve(test, {})
    const told: string[] = []
    const report = await call(server, ['--dtmf', '1', '--timeout', '1'], { told })
    assert.equal(report.endedBy, 'phone')
    assert.ok(told.includes('note: hanging up after 1 s'), told.join('\n'))
  })

  const failures: [string, readonly string[], { token?: string }, RegExp][] = [
    ['the token is wrong', [], { token: 'guess' }, /refused the token \(401\).*--token/s],
    ['the server refuses the call', ['--carrier', 'twilio'], {}, /answered 400: body\/carrier must be telnyx/]
  ]
  for (const [situation, args, options, message] of failures) {
    it(`says what is wrong where ${situation}`, async (test) => {
      const server = await serve(test, {})
      await assert.rejects(
        call(server, ['--dtmf', '1', ...args], options),
        (error) => error instanceof PhoneError && message.test(error.message)
      )
    })
  }

  it('says how to start a server where none answers', async () => {
    const server = new ScriptedServer({})
    const url = await server.listen()
    await server.close()
    await assert.rejects(
      call({ url }, ['--dtmf', '1']),
      (error) => error instanceof PhoneError && /No server answers.*npm start/.test(error.message)
    )
  })
})
