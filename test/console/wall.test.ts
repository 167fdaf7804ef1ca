import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import {
  type ConsoleRig,
  describeInBrowser,
  eventually,
  screenshot,
  startConsoleRig
} from '../support/console-rig.ts'
import { feedLiveWall } from '../support/live-wall-feed.ts'

const CALLS = 200

/** Counts how often each waveform begins to be drawn anew. */
const COUNT_DRAWINGS = `
  const clear = CanvasRenderingContext2D.prototype.clearRect
  globalThis.drawings = new Map()
  CanvasRenderingContext2D.prototype.clearRect = function (...args) {
    globalThis.drawings.set(this.canvas, (globalThis.drawings.get(this.canvas) ?? 0) + 1)
    return clear.apply(this, args)
  }`

describeInBrowser('the wall of live calls', () => {
  let rig: ConsoleRig

  before(async () => {
    rig = await startConsoleRig()
  })
  after(() => rig.close())

  it('shows two hundred calls, moves those that are seen, and draws none of the others', async () => {
    const { page, faults } = await rig.open({
      viewport: { width: 1440, height: 900 },
      async prepare(page) {
        await page.addInitScript(COUNT_DRAWINGS)
        await feedLiveWall(page, CALLS)
      }
    })
    await page.goto(`${rig.server.url}/#/live`)
    await page.getByText('200 calls right now').waitFor()
    assert.equal(await page.locator('.live-card').count(), CALLS)
    await page.locator('[data-floor="agent"]').first().waitFor()
    await page.locator('[data-floor="caller"]').first().waitFor()
    await page.getByText('I would like to change my booking.').first().waitFor()
    const moving =
      'globalThis.drawings.clear() ?? new Promise((resolve) => setTimeout(resolve, 500)).then(() => globalThis.drawings.size)'
    const drawn = Number(await page.evaluate(moving))
    assert.ok(drawn > 8 && drawn < 40, `${drawn} of ${CALLS} waveforms are drawn`)
    await screenshot(page, 'live-wall-1440')

    await page.getByRole('searchbox').fill('5550042')
    await eventually(
      () => page.locator('.live-card').count(),
      (count) => count === 1,
      'the one call'
    )
    await page.setViewportSize({ width: 375, height: 812 })
    await page.getByRole('searchbox').fill('')
    await screenshot(page, 'live-wall-375')
    assert.deepEqual(faults, [])
  })

  it('hands a caller over to a number, once the operator is sure, and tells what became of it', async () => {
    const asked: string[] = []
    const { page } = await rig.open({ prepare: (each) => feedLiveWall(each, 3) })
    await page.route('**/api/calls/*/{transfer,say}', async (route) => {
      const { pathname } = new URL(route.request().url())
      asked.push(`${pathname.split('/').at(-1)} ${route.request().postData()}`)
      await route.fulfill({ json: { success: true, data: { outcome: 'answered' }, message: null } })
    })
    await page.goto(`${rig.server.url}/#/live`)
    await page.getByRole('link', { name: '+13125550001' }).click()
    await page.getByRole('button', { name: 'Say', exact: true }).click()
    await page.getByLabel('One moment, I am looking into it.').fill('I am connecting you.')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('The agent says it.').waitFor()

    await page.getByRole('button', { name: 'Transfer' }).click()
    const number = page.getByLabel('Number to transfer to')
    const send = page.locator('.live-controls form').getByRole('button')
    await number.fill('555 0199')
    assert.equal(await send.isDisabled(), true)
    await number.fill('+1 (312) 555-0199')
    await send.click()
    await page.getByText('+13125550001 will be connected to +13125550199.').waitFor()
    await page.keyboard.press('Escape')
    assert.deepEqual(asked, ['say {"text":"I am connecting you."}'])
    await send.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Transfer' }).click()
    await page.getByText('The caller was handed over.').waitFor()
    assert.deepEqual(asked.slice(1), ['transfer {"to":"+13125550199"}'])
  })
})
