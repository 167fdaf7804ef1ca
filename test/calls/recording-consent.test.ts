import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { eventually } from '../support/databases.ts'
import { operatorOf } from '../support/operator-client.ts'
import { onsets, readStereoWav } from '../support/stereo-wav.ts'

const NOTICE = 'This call is recorded. Say no if you mind.'
const GREETING = 'Hello there.'

describe('a call whose agent asks before it records', { timeout: 300_000 }, () => {
  let rig: CallRig
  let answer = ''

  before(async () => {
    rig = await startCallRig({
      env: { RECORD_CALLS: 'true' },
      realtime: {
        script: ({ index }) => ({
          transcript: index === 0 ? `${NOTICE} ${GREETING}` : 'Very well.',
          audio: { toneHz: 700, ms: index === 0 ? 1500 : 600 }
        }),
        transcribe: () => answer
      }
    })
    await operatorOf(rig.server)('PUT', '/api/agents/default', {
      recordingConsent: NOTICE,
      greeting: GREETING
    })
  })
  after(() => rig.close())

  /** A caller who hears the greeting out, gives this answer, hears a reply and hangs up. Resolves with the call's id. */
  async function callAndSay(words: string): Promise<string> {
    answer = words
    const call = rig.telnyx.placeCall({ from: '+13125550150', to: '+13125550100' })
    await call.waitForHeard(1500, 15_000)
    await eventually('the turn to be over', () =>
      rig
        .query(`select 1 from turns join calls on calls.id = call_id where carrier_call_id = $1`, [
          call.callControlId
        ])
        .then((rows) => rows.length > 0)
    )
    call.sayTone(440, 600)
    await call.waitForHeard(2100, 15_000)
    call.hangUp()
    const [{ id }] = await rig.eventually(
      `select id from calls where carrier_call_id = $1 and status = 'ended'`,
      [call.callControlId]
    )
    return String(id)
  }
  const eventsOf = async (callId: string) =>
    (
      await rig.query(
        `select type, payload from call_events where call_id = $1 and type like 'recording.%' order by id`,
        [callId]
      )
    ).map(({ type, payload }) => [type, payload])

  it('has the notice spoken first, word for word, and is recorded from its end on', async () => {
    const callId = await callAndSay('I would like a table')
    const session = rig.realtime.sessions.at(-1)
    assert.ok(JSON.stringify(session?.events).includes(`${NOTICE} ${GREETING}`))
    const file = path.join(rig.dataDir, 'recordings', `${callId}.wav`)
    await rig.eventually('select 1 from calls where id = $1 and recording_path is not null', [callId])
    const { left, right, sampleRate } = readStereoWav(file)
    assert.equal(onsets(left, sampleRate).length, 1)
    // The reply alone: the notice and the greeting were over when it began.
    assert.equal(onsets(right, sampleRate).length, 1)
    assert.deepEqual(await eventsOf(callId), [['recording.started', { consent: true }]])
  })

  it('is not recorded where the caller says no, and goes on', async () => {
    const callId = await callAndSay('No.')
    await rig.eventually('select 1 from calls where id = $1 and recording_deleted_at is not null', [callId])
    assert.deepEqual(
      (await readdir(path.join(rig.dataDir, 'recordings'))).filter((name) => name.startsWith(callId)),
      []
    )
    assert.deepEqual(await eventsOf(callId), [
      ['recording.started', { consent: true }],
      ['recording.stopped', { reason: 'refused' }]
    ])
  })
})
