import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { startRealtimeStandIn } from '../standins/openai/realtime-stand-in.ts'
import { TelnyxStandIn } from '../standins/telnyx/telnyx-standin.ts'
import { defer, eachDatabase, eventually } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { startServerProcess } from '../support/server-process.ts'
import { openProxy } from '../support/tcp-proxy.ts'

const CALLS = 20

eachDatabase((databases) => {
  it('closes the calls that a killed server left, each with its last heartbeat, although the database was away', async (t) => {
    const { url, pool } = await databases.create(t)
    const proxy = await openProxy(url)
    const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-killed-'))
    const telnyx = new TelnyxStandIn({ calls: { record: false } })
    await telnyx.listen()
    const realtime = await startRealtimeStandIn({
      keepAudio: false,
      script: () => ({ transcript: 'Good day.', audio: { toneHz: 500, ms: 500 } })
    })
    defer(t, async () => {
      await Promise.all([telnyx.close(), realtime.close(), proxy.close()])
      await rm(dataDir, { recursive: true, force: true })
    })
    const port = String(await freePort())
    const env = {
      PORT: port,
      HOST: '127.0.0.1',
      SERVER_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: dataDir,
      DATABASE_URL: proxy.url,
      OPERATOR_TOKEN: 'operator-token-of-the-tests',
      TELNYX_API_KEY: telnyx.apiKey,
      TELNYX_PUBLIC_KEY: telnyx.publicKey,
      TELNYX_APPLICATION_ID: telnyx.applicationId,
      TELNYX_BASE_URL: telnyx.baseUrl,
      OPENAI_API_KEY: realtime.apiKey,
      OPENAI_BASE_URL: realtime.url
    }
    telnyx.webhookUrl = `http://127.0.0.1:${port}/api/calls/telnyx/webhook`
    const health = async () => (await fetch(`http://127.0.0.1:${port}/health`)).json() as Promise<Health>

    // The database is out of reach from before the start until after the crash.
    await proxy.cut()
    const before = await startServerProcess(t, env)
    assert.equal((await health()).store, 'down')
    const answeredAt = new Map<string, number>()
    const calls = Array.from({ length: CALLS }, (_, index) =>
      telnyx.placeCall({ from: `+1555000${1000 + index}` })
    )
    for (const call of calls)
      void call.waitForHeard(100, 30_000).then(() => answeredAt.set(call.callControlId, Date.now()))
    await eventually('all calls are answered', () => answeredAt.size === CALLS, 40_000)
    assert.equal((await health()).liveCalls, CALLS)
    await eventually(
      'every call has given a sign of life',
      () => Date.now() - Math.max(...answeredAt.values()) > 6_000
    )
    before.child.kill('SIGKILL')
    const killedAt = Date.now()
    await once(before.child, 'exit')

    await proxy.restore()
    const after = await startServerProcess(t, env)
    await eventually('the calls are closed', () => after.has('store.orphans_closed'))
    const { rows } = await pool.query(
      `select status, end_reason, calls.ended_at = last_heartbeat_at as by_heartbeat, answered_at,
         seconds, minutes, estimated
       from calls left join usage_minutes on call_id = id`
    )
    assert.equal(rows.length, CALLS)
    for (const row of rows) {
      const { status, end_reason, by_heartbeat, minutes, estimated } = row
      assert.deepEqual(
        { status, end_reason, by_heartbeat, minutes, estimated },
        { status: 'ended', end_reason: 'server_lost', by_heartbeat: true, minutes: 1, estimated: true }
      )
      const truth = (killedAt - row.answered_at.getTime()) / 1000
      assert.ok(row.seconds <= truth && row.seconds > truth - 10, `${row.seconds} s of ${truth} s`)
      assert.ok(row.seconds > 4.5, 'a heartbeat counts, not only the start')
    }
    assert.equal((await health()).store, 'ok')
    after.child.kill('SIGTERM')
    await once(after.child, 'exit')
  })
})

interface Health {
  readonly store: string
  readonly liveCalls: number
}
