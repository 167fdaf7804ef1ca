import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ScriptedServer, TOKEN } from './phone/scripted-server.ts'

const CALL = path.resolve(import.meta.dirname, '../../cli/call.ts')

interface Outcome {
  exitCode: number
  stdout: string
  stderr: string
}

function run(...args: string[]): Promise<Outcome> {
  const env = { PATH: process.env.PATH, OPERATOR_TOKEN: TOKEN }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CALL, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr })
    )
  })
}

async function serve(test: TestContext, audible: boolean): Promise<string> {
  const server = new ScriptedServer({
    onStart: (end) => (audible ? end.speak(200, 'end') : end.hangUp()),
    onMark: (_name, end) => end.hangUp()
  })
  test.after(() => server.close())
  return (await server.listen()).href
}

describe('npm run call', { timeout: 30_000 }, () => {
  it('prints one JSON object and nothing else with --json, and exits with 0 where the agent was heard', async (test) => {
    const { exitCode, stdout, stderr } = await run(
      '--server',
      await serve(test, true),
      '--dtmf',
      '1',
      '--json'
    )
    const { ok, heardMs, endReason, transcript } = JSON.parse(stdout)
    assert.deepEqual(
      { exitCode, stderr, lines: stdout.trimEnd().split('\n').length },
      { exitCode: 0, stderr: '', lines: 1 }
    )
    assert.deepEqual(
      { ok, heardMs, endReason, transcript },
      { ok: true, heardMs: 200, endReason: 'agent_hung_up', transcript: [] }
    )
  })

  it('shows the call live and then the report, and exits with 1 where the agent was not heard', async (test) => {
    const { exitCode, stdout } = await run('--server', await serve(test, false), '--dtmf', '1')
    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /ringing.*connected.*the other end hung up.*Transcript.*Latency.*agent_hung_up.*not heard/s
    )
  })

  it('exits with 2 and names the option where the command line is wrong', async () => {
    const unknown = await run('--loud')
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.stderr, /--loud/)
    const folder = await run('--out', '/no/such/folder/call.wav')
    assert.equal(folder.exitCode, 2)
    assert.match(folder.stderr, /^--out: expected a file in a folder that can be written/)
  })

  it('exits with 2 and places no call where a folder is in the place of the recording', async (test) => {
    const server = await serve(test, true)
    const { exitCode, stdout, stderr } = await run('--server', server, '--out', import.meta.dirname)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
    assert.match(stderr, /^--out: expected the path of a WAV file, not of the folder .*\/cli\./)
  })

  it('describes every option with --help', async () => {
    const { exitCode, stdout } = await run('--help')
    assert.equal(exitCode, 0)
    for (const option of ['server', 'token', 'agent', 'carrier', 'codec', 'rate', 'say', 'wav', 'dtmf']) {
      assert.match(stdout, new RegExp(`--${option} `))
    }
    assert.match(stdout, /--barge-in-ms N.*--out FILE.*--json.*--timeout SECONDS/s)
  })
})
