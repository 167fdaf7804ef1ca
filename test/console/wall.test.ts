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

describeInBrowser('a wall of two hundred calls', () => {
  let rig: ConsoleRig

  before(async () => {
    rig = await startConsoleRig()
  })
  after(() => rig.close())

  it('shows them all, moves those that are seen, and draws none of the others', async () => {
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
})
