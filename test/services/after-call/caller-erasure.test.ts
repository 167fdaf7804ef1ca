import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import { CallerErasure } from '../../../services/after-call/caller-erasure.ts'
import { RecordingArchive } from '../../../services/recording/recording-archive.ts'
import { RecordingStore } from '../../../services/recording/recording-store.ts'
import { migrate } from '../../../services/store/migrations.ts'
import { capture, defer, eachDatabase, makeDataDir } from '../../support/databases.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { endedCall } from './after-calls-rig.ts'

const PERSON = '+13125550177'
const OTHER = '+13125550188'
const OURS = '+13125550100'

eachDatabase((databases) => {
  async function prepare(test: TestContext) {
    const { pool } = await databases.create(test)
    await migrate(pool, capture().log)
    const dataDir = await makeDataDir()
    defer(test, () => rm(dataDir, { recursive: true, force: true }))
    await mkdir(path.join(dataDir, 'recordings'))
    await mkdir(path.join(dataDir, 'tapes'))
    const clock = new ManualClock(Date.now())
    const archive = new RecordingArchive({
      store: new RecordingStore(pool),
      requestUpload: async () => {},
      bucket: null,
      dataDir,
      clock,
      log: capture().log,
      isRunning: () => false
    })
    defer(test, () => archive.close())
    const erasure = new CallerErasure({ pool, archive, dataDir, clock, retireSpool: async () => {} })
    const event = (callId: string, type: string, payload: object) =>
      pool.query(
        `insert into call_events (call_id, type, event_id, occurred_at, payload)
         values ($1, $2, gen_random_uuid()::text, now(), $3)`,
        [callId, type, JSON.stringify(payload)]
      )
    const rows = async (text: string, ...values: unknown[]) => (await pool.query(text, values)).rows
    return { pool, dataDir, erasure, event, rows }
  }

  it('erases calls in both directions, and their files, and leaves what they took', async (t) => {
    const { pool, dataDir, erasure, event, rows } = await prepare(t)
    const incoming = await endedCall(pool, { from: PERSON, to: OURS })
    const outgoing = await endedCall(pool, { from: OURS, to: PERSON, direction: 'outbound' })
    await event(incoming, 'tool.called', { arguments: { name: 'Xylander' } })
    await writeFile(path.join(dataDir, 'recordings', `${incoming}.wav`), 'audio')
    await writeFile(path.join(dataDir, 'tapes', `${outgoing}.jsonl`), 'tape')
    await mkdir(path.join(dataDir, 'spool'))
    const refused = path.join(dataDir, 'spool', 'refused.jsonl')
    await writeFile(refused, `{"call":"${incoming}"}\n{"call":"another"}\n{"from":"${PERSON}"}\n`)
    await pool.query("update calls set recording_path = 'recordings/' || id || '.wav' where id = $1", [
      incoming
    ])
    await pool.query(`insert into call_analysis (call_id, model, summary) values ($1, 'm', 'Xylander')`, [
      incoming
    ])
    const before = await rows('select * from usage_minutes order by call_id')
    assert.deepEqual(await erasure.erase(PERSON), { calls: 2, recordings: 1, tapes: 1 })
    assert.deepEqual(await rows('select * from usage_minutes order by call_id'), before)
    assert.deepEqual(await rows('select from_number, to_number from calls where id = $1', incoming), [
      { from_number: null, to_number: OURS }
    ])
    assert.deepEqual(await rows('select from_number, to_number from calls where id = $1', outgoing), [
      { from_number: OURS, to_number: null }
    ])
    assert.deepEqual(await rows('select distinct said_text, heard_text from turns'), [
      { said_text: '', heard_text: '' }
    ])
    assert.deepEqual(await rows('select payload from call_events'), [{ payload: {} }])
    assert.deepEqual(await rows('select * from call_analysis'), [])
    assert.equal(await readFile(refused, 'utf8'), '{"call":"another"}\n')
    const files = (await readdir(dataDir, { recursive: true })).toSorted()
    assert.deepEqual(files, ['recordings', 'spool', 'spool/refused.jsonl', 'tapes'])
  })

  it("erases the number where other people's calls have it, and nothing else of them", async (t) => {
    const { pool, erasure, event, rows } = await prepare(t)
    await endedCall(pool, { from: PERSON, to: OURS })
    const other = await endedCall(pool, { from: OTHER, to: OURS })
    await event(other, 'transfer.completed', { to: PERSON, digits: 13125550177, outcome: 'busy' })
    await pool.query(
      "update turns set said_text = 'Call 13125550177 please' where call_id = $1 and turn_index = 1",
      [other]
    )
    await erasure.erase(PERSON)
    assert.deepEqual(await rows('select payload from call_events'), [
      { payload: { to: '0', digits: 0, outcome: 'busy' } }
    ])
    assert.deepEqual(
      await rows('select said_text, heard_text from turns where call_id = $1 and turn_index = 1', other),
      [{ said_text: 'Call  please', heard_text: 'A table for two on Friday.' }]
    )
    assert.deepEqual(await rows('select from_number, erased_at from calls where id = $1', other), [
      { from_number: OTHER, erased_at: null }
    ])
  })

  it('declines while the person is on the phone, and for a number of our own', async (t) => {
    const { pool, erasure, rows } = await prepare(t)
    const callId = await endedCall(pool, { from: PERSON, to: OURS })
    await pool.query("update calls set status = 'live' where id = $1", [callId])
    assert.equal(await erasure.erase(PERSON), 'call_live')
    assert.equal(await erasure.erase(OURS), 'own_number')
    assert.deepEqual(await rows('select from_number, to_number from calls'), [
      { from_number: PERSON, to_number: OURS }
    ])
  })

  it('erases what carriers tell of the calls afterwards', async (t) => {
    const { pool, erasure, event, rows } = await prepare(t)
    const callId = await endedCall(pool, { from: PERSON, to: OURS })
    await erasure.erase(PERSON)
    await event(callId, 'call.hangup', { from: PERSON })
    await erasure.eraseAftermath()
    assert.deepEqual(await rows('select payload from call_events'), [{ payload: {} }])
  })
})
