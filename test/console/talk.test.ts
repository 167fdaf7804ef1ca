import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, it } from 'node:test'
import { seriousFaults } from '../support/accessibility.ts'
import {
  type ConsoleRig,
  describeInBrowser,
  eventually,
  loudestTone,
  screenshot,
  startConsoleRig,
  writeSpeech
} from '../support/console-rig.ts'

/** The greeting takes about four seconds. */
const GREETING_MS = 5500
const LONGEST_MS = 25_000

describeInBrowser('the softphone of the console', () => {
  let rig: ConsoleRig
  let folder: string

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'offhook-microphone-'))
    const microphone = path.join(folder, 'caller.wav')
    await writeSpeech(microphone, { text: 'what are your opening hours', afterMs: GREETING_MS })
    rig = await startConsoleRig({ microphone })
  })
  after(async () => {
    await rig.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('speaks into the microphone with the embedded agent, and hears it', async () => {
    const { page, faults } = await rig.open()
    await page.getByRole('button', { name: 'Talk', exact: true }).click()
    await page.locator('[data-phase="live"]').waitFor()
    await page.locator('.bubble.agent', { hasText: 'How can I help you' }).waitFor({ timeout: LONGEST_MS })
    // The voice itself, not only its words, comes out of the loudspeaker.
    await eventually(
      () => loudestTone(page),
      ({ db }) => db > -50,
      'the voice of the agent'
    )
    await page.locator('.bubble.caller', { hasText: 'opening hours' }).waitFor({ timeout: LONGEST_MS })
    await page.locator('.bubble.agent', { hasText: 'eleven' }).waitFor({ timeout: LONGEST_MS })
    await screenshot(page, 'talk-live-1440')
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByRole('button', { name: 'Hang up' }).click()
    await page.getByText('The caller hung up.').waitFor()
    assert.deepEqual(faults, [])
  })

  it('strikes what the caller did not hear, and says what was typed', async () => {
    const { page, faults } = await rig.open({ viewport: { width: 375, height: 812 } })
    await page.getByLabel('Sound').selectOption('full')
    await page.getByRole('button', { name: 'No microphone? Type instead' }).click()
    const words = page.getByLabel('Type what the caller should say (English voice)')
    await page.locator('.bubble.agent', { hasText: 'Hello' }).waitFor({ timeout: LONGEST_MS })
    await words.fill('what are your opening hours')
    await words.press('Enter')
    await page.locator('.bubble.agent', { hasText: 'eleven' }).waitFor({ timeout: LONGEST_MS })
    await words.fill('goodbye')
    await words.press('Enter')
    const struck = page.locator('.bubble.agent s', { hasText: /\w/ })
    await struck.last().waitFor({ timeout: LONGEST_MS })
    await page.getByText('The agent said goodbye and hung up.').waitFor({ timeout: LONGEST_MS })
    await page
      .getByText(/^Answered in \d/)
      .first()
      .waitFor()
    await screenshot(page, 'talk-ended-375')
    assert.deepEqual(await seriousFaults(page), [])
    assert.deepEqual(faults, [])
  })

  it('presses keys that the agent is told of', async () => {
    const { page } = await rig.open()
    await page.getByRole('button', { name: 'No microphone? Type instead' }).click()
    await page.locator('[data-phase="live"]').waitFor()
    await page.getByRole('button', { name: 'Keypad' }).click()
    await page.getByRole('button', { name: '5', exact: true }).click()
    await page.getByRole('button', { name: '#', exact: true }).click()
    const told = "select payload->>'digit' as digit from call_events where type = 'dtmf' order by occurred_at"
    const digits = async () => (await rig.server.database.pool.query(told)).rows.map(({ digit }) => digit)
    await eventually(digits, (pressed) => pressed.join('') === '5#', 'the keys')
    await page.getByRole('button', { name: 'Hang up' }).click()
  })

  it('says what to do where the microphone is refused, and goes on by typing', async () => {
    const { page } = await rig.open()
    await page.evaluate(`navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('no', 'NotAllowedError'))`)
    await page.getByRole('button', { name: 'Talk', exact: true }).click()
    await page.getByRole('alert').getByText('allow the microphone').waitFor()
    await screenshot(page, 'talk-refused-1440')
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByRole('button', { name: 'No microphone? Type instead' }).click()
    await page.locator('[data-phase="live"]').waitFor()
    await page.getByRole('button', { name: 'Hang up' }).click()
  })
})
