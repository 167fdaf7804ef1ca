import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { it, type TestContext } from 'node:test'
import { WAV_HEADER_BYTES, wavHeader } from '../../../audio/wav.ts'
import { loadConfig } from '../../../services/config.ts'
import { DEFAULT_AGENT } from '../../../services/default-agent.ts'
import { RecordingArchive } from '../../../services/recording/recording-archive.ts'
import { RecordingBucket } from '../../../services/recording/recording-bucket.ts'
import { RecordingStore } from '../../../services/recording/recording-store.ts'
import { AgentStore } from '../../../services/store/agent-store.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { S3StandIn } from '../../standins/s3-standin.ts'
import { capture, defer, eachDatabase, eventually, makeDataDir } from '../../support/databases.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { readStereoWav } from '../../support/stereo-wav.ts'
import { endedCall } from '../after-call/after-calls-rig.ts'

const DAY_MS = 24 * 60 * 60_000

eachDatabase((databases) => {
  async function prepare(test: TestContext, { bucket }: { bucket?: RecordingBucket } = {}) {
    const { pool } = await databases.create(test)
    await migrate(pool, capture().log)
    const dataDir = await makeDataDir()
    defer(test, () => rm(dataDir, { recursive: true, force: true }))
    const folder = path.join(dataDir, 'recordings')
    await mkdir(folder)
    const clock = new ManualClock(Date.now())
    const uploads: string[] = []
    const archive = new RecordingArchive({
      store: new RecordingStore(pool),
      requestUpload: async (callId) => void uploads.push(callId),
      bucket: bucket ?? null,
      dataDir,
      clock,
      log: capture().log,
      isRunning: () => false
    })
    defer(test, () => archive.close())
    await new AgentStore(pool).create('default', DEFAULT_AGENT)
    /** The file of a call, two samples of which its header does not tell. */
    async function file(callId: string): Promise<string> {
      const name = path.join(folder, `${callId}.wav`)
      const header = wavHeader({ sampleRate: 8000, channels: 2, dataBytes: 0 })
      await writeFile(name, Buffer.concat([header, Buffer.from([1, 0, 2, 0, 3, 0, 4, 0])]))
      return name
    }
    const pathOf = async (callId: string) =>
      (await pool.query('select recording_path from calls where id = $1', [callId])).rows[0]?.recording_path
    return { pool, archive, clock, folder, uploads, file, pathOf }
  }

  it('says of a call that it was recorded as soon as the call is known, however late that is', async (t) => {
    const { pool, archive, clock, pathOf } = await prepare(t)
    const callId = randomUUID()
    archive.recorded(callId)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await pool.query(
      `insert into calls (id, carrier, carrier_call_id, direction, agent_id, initiated_at)
       values ($1, 'test', 'x', 'inbound', 'default', now())`,
      [callId]
    )
    await eventually('the row to say so', async () => {
      clock.advance(10_000)
      return pathOf(callId)
    })
    assert.equal(await pathOf(callId), `recordings/${callId}.wav`)
  })

  it('takes up what a crash left, and deletes what was to be nowhere', async (t) => {
    const { pool, archive, file, folder, pathOf } = await prepare(t)
    const [crashed, deleted, live] = [await endedCall(pool), await endedCall(pool), await endedCall(pool)]
    await pool.query("update calls set status = 'live' where id = $1", [live])
    await pool.query('update calls set recording_deleted_at = now() where id = $1', [deleted])
    const names = [await file(crashed), await file(deleted), await file(live)]
    await archive.start(async () => {})
    assert.equal(await pathOf(crashed), `recordings/${crashed}.wav`)
    assert.deepEqual([...readStereoWav(names[0]).left], [1, 3])
    assert.deepEqual((await readdir(folder)).toSorted(), [`${crashed}.wav`, `${live}.wav`].toSorted())
    assert.equal(await pathOf(live), null)
  })

  it('deletes each recording when its agent has kept it for long enough, and no other', async (t) => {
    const { pool, archive, clock, file, folder, pathOf } = await prepare(t)
    await new AgentStore(pool).create('brief', { ...DEFAULT_AGENT, recordingRetentionDays: 30 })
    const brief = await endedCall(pool, { agentId: 'brief' })
    const lasting = await endedCall(pool)
    for (const callId of [brief, lasting]) {
      await file(callId)
      archive.recorded(callId)
    }
    let sweeps = 0
    await archive.start(async () => void sweeps++)
    clock.advance(29 * DAY_MS)
    await eventually('the sweeps', () => sweeps > 1)
    assert.equal((await readdir(folder)).length, 2)
    clock.advance(2 * DAY_MS)
    await eventually('the file to go', async () => {
      clock.advance(60 * 60_000)
      return (await readdir(folder)).length === 1
    })
    await eventually('the row to say so', async () => (await pathOf(brief)) === null)
    assert.equal(await pathOf(lasting), `recordings/${lasting}.wav`)
    // Not even by a file that comes back from somewhere.
    await file(brief)
    archive.recorded(brief)
    await eventually('the file to go again', async () => {
      clock.advance(60 * 60_000)
      return (await readdir(folder)).length === 1
    })
    assert.equal(await pathOf(brief), null)
  })

  it('deletes a recording that the caller refused, before and after its call is known', async (t) => {
    const { pool, archive, file, folder, pathOf } = await prepare(t)
    const callId = await endedCall(pool)
    await file(callId)
    archive.refused(callId)
    await eventually('the file to go', async () => (await readdir(folder)).length === 0)
    await eventually(
      'the row to say so',
      async () =>
        (await pool.query('select 1 from calls where id = $1 and recording_deleted_at is not null', [callId]))
          .rowCount === 1
    )
    archive.recorded(callId)
    await archive.close()
    assert.equal(await pathOf(callId), null)
  })

  it('keeps a recording on the disk until the bucket has it, and then there alone', async (t) => {
    const s3 = new S3StandIn()
    await s3.listen()
    defer(t, () => s3.close())
    const { bucket: config } = loadConfig(s3.env).records
    assert.ok(config)
    const { pool, archive, file, folder, pathOf, uploads } = await prepare(t, {
      bucket: new RecordingBucket(config)
    })
    const callId = await endedCall(pool)
    await file(callId)
    await archive.start(async () => {})
    assert.deepEqual(uploads, [callId])
    s3.outage = 10
    await assert.rejects(archive.upload(callId))
    assert.equal(await pathOf(callId), `recordings/${callId}.wav`)
    s3.outage = 0
    await archive.upload(callId)
    await archive.upload(callId)
    assert.equal(await pathOf(callId), `s3://calls/recordings/${callId}.wav`)
    assert.deepEqual(await readdir(folder), [])
    assert.equal(s3.objects.get(`recordings/${callId}.wav`)?.byteLength, WAV_HEADER_BYTES + 8)
    await archive.remove(callId, await pathOf(callId))
    assert.deepEqual([s3.objects.size, await pathOf(callId)], [0, null])
  })
})
