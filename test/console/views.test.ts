import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { seriousFaults } from '../support/accessibility.ts'
import { type ConsoleRig, describeInBrowser, screenshot, startConsoleRig } from '../support/console-rig.ts'

const VIEWS = ['talk', 'live', 'calls', 'usage', 'agents', 'products', 'numbers', 'health']
const SIZES = [
  { width: 375, height: 812 },
  { width: 1440, height: 900 }
]

describeInBrowser('the views of the console', () => {
  let rig: ConsoleRig

  before(async () => {
    rig = await startConsoleRig()
  })
  after(() => rig.close())

  for (const viewport of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`keep nobody out and nothing outside the page, ${colorScheme}, ${viewport.width} px wide`, async () => {
        const { page, faults } = await rig.open({ viewport, colorScheme })
        const found: string[] = []
        for (const view of VIEWS) {
          await page.goto(`${rig.server.url}/#/${view}`)
          await page.locator('.page-head').waitFor()
          await page.waitForLoadState('networkidle')
          await screenshot(page, `${view}-${viewport.width}-${colorScheme}`)
          found.push(...(await seriousFaults(page)).map((fault) => `${view}: ${fault}`))
          const [content, window] = (await page.evaluate(
            '[document.documentElement.scrollWidth, innerWidth]'
          )) as number[]
          if (content > window) found.push(`${view}: ${content} px of content in ${window} px`)
        }
        assert.deepEqual(found, [])
        assert.deepEqual(faults, [])
      })
    }
  }

  it('ask for the token in a form that keeps nobody out', async () => {
    const { page } = await rig.open({ token: null })
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await screenshot(page, 'sign-in-1440-light')
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByLabel('Operator token').fill(rig.server.operatorToken)
    await page.getByRole('button', { name: 'Open the console' }).click()
    await page.getByRole('heading', { name: 'Talk to your agent' }).waitFor()
  })

  it('can be reached by keyboard alone, with the focus to be seen', async () => {
    const { page } = await rig.open()
    await page.getByRole('heading', { name: 'Talk to your agent' }).waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
    for (let i = 0; i < 2; i++) await page.keyboard.press('Tab')
    const focused = 'getComputedStyle(document.activeElement)'
    assert.equal(await page.evaluate(`${focused}.outlineStyle`), 'solid')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Live calls' }).waitFor()
  })

  it('speak French where the operator does, and keep the choice', async () => {
    const { page } = await rig.open({ locale: 'fr-FR' })
    await page.getByRole('heading', { name: 'Parlez à votre agent' }).waitFor()
    await screenshot(page, 'talk-1440-french')
    await page.getByRole('button', { name: 'Show in English' }).click()
    await page.getByRole('heading', { name: 'Talk to your agent' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Talk to your agent' }).waitFor()
  })

  it('change from light to dark at a press, and keep the choice', async () => {
    const { page } = await rig.open({ colorScheme: 'light' })
    await page.getByRole('button', { name: 'Dark colours' }).click()
    await page.reload()
    await page.getByRole('button', { name: 'Light colours' }).waitFor()
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark')
  })
})
