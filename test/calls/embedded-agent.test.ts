import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { parseOptions } from '../../cli/phone/options.ts'
import { phoneCall } from '../../cli/phone/phone-call.ts'
import { Progress } from '../../cli/phone/progress.ts'
import { type RunningServer, startServer } from '../../server.ts'
import { systemClock } from '../../services/clock.ts'
import { loadConfig } from '../../services/config.ts'

describe('the embedded agent, called by the phone', () => {
  let server: RunningServer
  let dataDir: string

  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-embedded-'))
    const config = loadConfig({ PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, DRAIN_SECONDS: '0' })
    server = await startServer(config, pino({ level: 'silent' }))
  })
  after(async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('understands, answers, and hangs up after its goodbye, also when its own question is open', async () => {
    const say = ['what are your opening hours', 'book a table for four people on friday', 'goodbye']
    const args = ['--server', server.url, ...say.flatMap((text) => ['--say', text])]
    const report = await phoneCall({
      options: parseOptions(args),
      token: server.operatorToken,
      clock: systemClock,
      progress: new Progress(() => undefined),
      signal: new AbortController().signal
    })
    assert.equal(report.ok, true)
    assert.deepEqual(
      report.turns.flatMap(({ caller }) => (caller ? [caller.saidText] : [])),
      say
    )
    assert.equal(report.endReason, 'agent_hung_up')
    const rows = await eventually(
      server,
      `select end_reason, (select count(*)::int from turns where call_id = id and speaker = 'agent') as replies
       from calls join usage_minutes on call_id = id`
    )
    assert.deepEqual(rows, [{ end_reason: 'agent_hung_up', replies: 4 }])
  })
})

/** Rows are written beside the call: the first that there are. */
async function eventually(server: RunningServer, query: string): Promise<Record<string, unknown>[]> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const { rows } = await server.database.pool.query(query)
    if (rows.length > 0 || Date.now() > deadline) return rows
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
