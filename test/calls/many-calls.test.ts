import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { fitTone } from '../support/tone.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('ten calls at once', () => {
  let rig: CallRig
  const toneOf = (index: number) => 400 + 130 * index

  before(async () => {
    rig = await startCallRig({
      realtime: {
        script: ({ index }) => ({ transcript: 'Tone.', audio: { toneHz: toneOf(index), ms: 1500 } })
      }
    })
  })
  after(() => rig.close())

  it('do not disturb each other: each is heard clean, one whose stream breaks goes on, one that sends garbage ends alone', async () => {
    const calls = Array.from({ length: 10 }, (_, index) =>
      rig.telnyx.placeCall({ from: `+1555000${1000 + index}` })
    )
    await Promise.all(calls.map((call) => call.waitForHeard(1400, 15_000)))
    calls[0].stream.drop()
    await calls[0].until(
      () => calls[0].moments.filter(({ name }) => name === 'streaming').length === 2,
      'its second stream',
      10_000
    )
    for (let frame = 0; frame < 30; frame++) calls[1].stream.sendRaw('{not json')
    const left = calls.filter((call) => call !== calls[1])
    await Promise.all(left.map((call) => speakAndHearReply(call)))
    calls[0].hangUp()
    for (const call of calls.slice(2)) {
      const samples = call.heard
      const first = samples.findIndex((sample) => Math.abs(sample) > 4000)
      const { snrDb } = fitTone(samples.subarray(first + 800, first + 8000), 8000, toneOf(0))
      assert.ok(snrDb > 30, `${snrDb} dB`)
      call.hangUp()
    }
    await rig.eventually("select 1 where (select count(*) from calls where status = 'ended') = 10")
    const reasons = await rig.query(
      'select end_reason, count(*)::int as calls from calls group by 1 order by 1'
    )
    assert.deepEqual(reasons, [
      { end_reason: 'caller_hung_up', calls: 9 },
      { end_reason: 'media_lost', calls: 1 }
    ])
    const rows = await rig.query('select count(*)::int as rows from usage_minutes')
    assert.deepEqual(rows, [{ rows: 10 }])
  })
})

describe('a hundred calls', () => {
  let rig: CallRig

  before(async () => {
    rig = await startCallRig({
      telnyx: { calls: { record: false } },
      realtime: { keepAudio: false, script: () => ({ transcript: 'Hi.', audio: { toneHz: 500, ms: 200 } }) }
    })
  })
  after(() => rig.close())

  it('leave no session, timer, socket or listener behind', async () => {
    await placeAndEnd(10)
    const before = resources()
    const sessions: WeakRef<object>[] = []
    for (let batch = 0; batch < 10; batch++) sessions.push(...(await placeAndEnd(10)))
    assert.equal(sessions.length, 100)
    await rig.eventually("select 1 where (select count(*) from calls where status = 'ended') = 110")
    await until(() => {
      collectGarbage()
      return sessions.every((session) => session.deref() === undefined)
    }, 'every session to be collected')
    // Connections that are kept alive come and go by themselves; a leak would add a hundred or more.
    await until(() => resources().length < before.length + 50, `fewer than ${before.length + 50} handles`)
  })

  /** Calls that hear the greeting and hang up. Returns their sessions, held by nothing here. */
  async function placeAndEnd(count: number): Promise<WeakRef<object>[]> {
    const calls = Array.from({ length: count }, () => rig.telnyx.placeCall())
    await Promise.all(calls.map((call) => call.waitForHeard(200, 15_000)))
    const sessions = rig.server.registry.sessions.map((session) => new WeakRef<object>(session))
    for (const call of calls) call.hangUp()
    await until(() => rig.server.registry.size === 0, 'the registry to be empty')
    return sessions
  }
})

async function speakAndHearReply(call: TelnyxCall): Promise<void> {
  const heardMs = call.heardMs
  call.sayTone(700, 600)
  await call.waitForHeard(heardMs + 300, 15_000)
}

/** What keeps this process busy, but for what comes and goes with the clock and the pools. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCPSocketWrap|TCPServerWrap|Worker|Pipe/.test(name))
    .sort()
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`Waited in vain for ${what}; now ${resources().length} handles`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
