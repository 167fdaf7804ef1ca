import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, it } from 'node:test'
import { WebSocket } from 'ws'
import { PCMU_8K } from '../../audio/format.ts'
import { encodeMulawSample } from '../../audio/g711.ts'
import { TelnyxDialect } from '../../cli/phone/telnyx-dialect.ts'
import { seriousFaults } from '../support/accessibility.ts'
import {
  type ConsoleRig,
  describeInBrowser,
  eventually,
  loudestTone,
  screenshot,
  startConsoleRig,
  toneSnrDb
} from '../support/console-rig.ts'
import { operatorOf } from '../support/operator-client.ts'
import { sine } from '../support/tone.ts'

const TONE_HZ = 1000
const FRAME_MS = 20
const FRAME_SAMPLES = 160

interface Caller {
  readonly callId: string
  hangUp(): void
}

describeInBrowser('the live calls of the console', () => {
  let rig: ConsoleRig
  const callers: Caller[] = []

  before(async () => {
    rig = await startConsoleRig()
    callers.push(await call())
  })
  after(async () => {
    for (const caller of callers) caller.hangUp()
    await rig.close()
  })

  /** Somebody who whistles into a phone. */
  async function call(): Promise<Caller> {
    const { body } = await operatorOf(rig.server)('POST', '/api/calls/test', {})
    const { callId, streamUrl, streamToken: token } = body as Record<string, string>
    const dialect = new TelnyxDialect({ callId, streamId: callId, token })
    const socket = new WebSocket(streamUrl, { headers: dialect.headers })
    await once(socket, 'open')
    socket.send(dialect.connected())
    socket.send(dialect.start(PCMU_8K))
    // A whole number of periods, so that the same frame can be sent again and again.
    const tone = sine({ frequencyHz: TONE_HZ, sampleRate: 8000, ms: FRAME_MS })
    const frame = Uint8Array.from(tone, encodeMulawSample)
    const startedAt = Date.now()
    let sent = 0
    const timer = setInterval(() => {
      for (; startedAt + sent * FRAME_MS < Date.now(); sent++)
        socket.send(dialect.media(frame, FRAME_SAMPLES))
    }, FRAME_MS)
    socket.on('message', (data) => {
      const told = dialect.parse(String(data))
      if (told?.event === 'mark') socket.send(dialect.mark(told.name))
    })
    return {
      callId,
      hangUp() {
        clearInterval(timer)
        socket.close()
      }
    }
  }

  async function openWall(options: Parameters<ConsoleRig['open']>[0] = {}) {
    const opened = await rig.open(options)
    await opened.page.getByRole('link', { name: 'Live calls' }).first().click()
    return opened
  }

  it('shows the call with who has the floor, and plays its caller’s tone to the operator', async () => {
    const { page, faults } = await openWall()
    const card = page.locator(`[data-call="${callers[0].callId}"]`)
    await card.locator('[data-floor="caller"], [data-floor="both"]').waitFor({ timeout: 15_000 })
    await card.getByRole('button', { name: /^Listen to/ }).click()
    // Both are heard until one is chosen.
    await card.getByRole('link').click()
    await page.getByRole('button', { name: 'Caller', exact: true }).click()
    const tone = await eventually(
      () => loudestTone(page),
      ({ hz, db }) => db > -50 && Math.abs(hz - TONE_HZ) < 10,
      'the tone'
    )
    assert.ok(Math.abs(tone.hz - TONE_HZ) < 10)
    // Decoded as it should be, and without a gap: then there is the tone and little else.
    await eventually(
      () => toneSnrDb(page, TONE_HZ),
      (snrDb) => snrDb > 25,
      'the pure tone'
    )
    await screenshot(page, 'live-steering-1440')
    assert.deepEqual(await seriousFaults(page), [])
    assert.deepEqual(faults, [])
  })

  it('whispers, mutes and ends, asks before the end, and leaves in the record who did it', async () => {
    const { callId } = callers[0]
    const { page } = await openWall()
    await page.evaluate(`localStorage.setItem('offhook.operator', 'Zoë')`)
    await page.reload()
    await page.goto(`${rig.server.url}/#/live/${callId}`)
    await page.getByLabel('Offer a refund of the shipping.').fill('They are a regular.')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('The agent was told.').waitFor()
    await page.getByRole('button', { name: 'Mute agent' }).click()
    await page.getByRole('button', { name: 'Unmute agent' }).click()
    await page.getByRole('button', { name: 'Mute agent' }).waitFor()

    await page.getByRole('button', { name: 'End call' }).click()
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'End call' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End call' }).click()
    await page.getByText('The operator ended the call.').waitFor({ timeout: 15_000 })

    const actions = `select payload->>'action' as action, payload->>'by' as by from call_events
      where call_id = $1 and type = 'operator.action' and payload->>'action' <> 'listen' order by occurred_at`
    const noted = await eventually(
      async () => (await rig.server.database.pool.query(actions, [callId])).rows,
      (rows) => rows.length === 4,
      'the record'
    )
    assert.deepEqual(
      noted,
      ['whisper', 'mute', 'unmute', 'end'].map((action) => ({ action, by: 'Zoë' }))
    )
  })

  it('shows nothing to a browser without the token, and nothing to one with a wrong one', async () => {
    for (const token of [null, 'a-token-that-is-not-the-operators']) {
      const { page } = await rig.open({ token })
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      if (token) await page.getByText('The server did not accept this token.').waitFor()
      assert.equal(await page.locator('.shell').count(), 0)
      await page.goto(`${rig.server.url}/#/live`)
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      assert.equal(await page.locator('.live-card').count(), 0)
    }
  })

  it('takes the token out of the address, and forgets it when the operator signs out', async () => {
    const { page } = await rig.open()
    await page.getByRole('button', { name: 'Talk', exact: true }).waitFor()
    assert.doesNotMatch(page.url(), /token/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})
