import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, it } from 'node:test'
import { seriousFaults, widerThanWindow } from '../support/accessibility.ts'
import {
  type ConsoleRig,
  describeInBrowser,
  eventually,
  screenshot,
  startConsoleRig
} from '../support/console-rig.ts'
import { operatorOf } from '../support/operator-client.ts'
import { leaveCalls, RECORDED_CALL, UNRECORDED_CALL } from '../support/recorded-call.ts'

const VIEWS = [
  ['calls', 'calls'],
  ['one-call', `calls/${RECORDED_CALL}`],
  ['usage', 'usage'],
  ['agents', 'agents'],
  ['one-agent', 'agents/default'],
  ['products', 'products'],
  ['numbers', 'numbers'],
  ['health', 'health']
]

describeInBrowser('the console, looking back and setting up', () => {
  let rig: ConsoleRig
  let ask: ReturnType<typeof operatorOf>

  before(async () => {
    rig = await startConsoleRig()
    ask = operatorOf(rig.server)
    await eventually(
      async () => (await ask('GET', '/api/agents/default')).status,
      (status) => status === 200,
      'the database'
    )
    await leaveCalls(rig.server, rig.dataDir)
    await ask('POST', '/api/products', { sku: 'L-1', name: 'Reading lamp', price: 49.9, currency: 'EUR' })
    await ask('PUT', `/api/numbers/${encodeURIComponent('+13125550199')}`, { agentId: 'default' })
  })
  after(() => rig.close())

  async function openView(path: string, options: Parameters<ConsoleRig['open']>[0] = {}) {
    const opened = await rig.open(options)
    await opened.page.goto(`${rig.server.url}/#/${path}`)
    return opened
  }

  it('shows a call: what was not heard, why it was slow, and what the tool was asked and told', async () => {
    const { page, faults } = await openView(`calls/${RECORDED_CALL}`)
    await page.getByRole('heading', { name: '+13125550111' }).waitFor()
    assert.match(await page.locator('.side.agent s').innerText(), /lamps of every kind\.$/)
    const why = page.locator('.latency-why')
    assert.match(
      await why.nth(0).innerText(),
      /2\.2 s.*the answer waited 1\.4 s for the tool search_products/
    )
    assert.match(await why.nth(1).innerText(), /620 ms.*noticing that the caller had finished/)
    await page.getByText('search_products took 1400 ms').click()
    await page.locator('.tool-call').getByText('"text": "lamps"').waitFor()
    await page.locator('.tool-call').getByText('Three lamps.').waitFor()
    assert.deepEqual(faults, [])
  })

  it('plays a recording from any word, and from the keyboard', async () => {
    const { page, faults } = await openView(`calls/${RECORDED_CALL}`)
    const position = page.getByRole('slider', { name: 'Position in the recording' })
    await position.waitFor()
    assert.equal(await position.getAttribute('aria-valuemax'), '12')
    await page.locator('.side.caller .word', { hasText: 'lamps?' }).click()
    const seconds = async () => Number(await position.getAttribute('aria-valuenow'))
    await eventually(seconds, (now) => now >= 4, 'the word')
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await position.focus()
    await page.keyboard.press('End')
    await eventually(seconds, (now) => now === 12, 'the end')
    await page.keyboard.press('ArrowLeft')
    await eventually(seconds, (now) => now === 7, 'five seconds before')
    await page.getByRole('button', { name: 'Play from 0:03' }).click()
    await page.getByRole('button', { name: 'Pause here' }).click()
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
    assert.deepEqual(faults, [])
  })

  it('hands a call out as files', async () => {
    const { page } = await openView(`calls/${RECORDED_CALL}`)
    for (const [button, beginning] of [
      ['WAV', 'RIFF'],
      ['JSON', '{']
    ] as const) {
      const waiting = page.waitForEvent('download')
      await page.getByRole('button', { name: button, exact: true }).click()
      const file = await (await waiting).path()
      assert.ok((await readFile(file, 'latin1')).startsWith(beginning), button)
    }
    await page.getByRole('button', { name: 'Tape' }).click()
    await page.getByText('There is no tape of this call here').waitFor()
  })

  it('says how to have recordings where a call has none, and why it failed', async () => {
    const { page } = await openView(`calls/${UNRECORDED_CALL}`)
    await page.getByText('RECORD_CALLS=true').waitFor()
    await page.getByText('The carrier could not put the call through. (busy)').first().waitFor()
  })

  it('charts the minutes, counts the failures, and gives the figures as CSV', async () => {
    const { page, faults } = await openView('usage')
    await page.locator('.chart canvas').nth(1).waitFor()
    await page.locator('.reasons', { hasText: 'Not put through · busy' }).waitFor()
    const waiting = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV', exact: true }).click()
    const file = await (await waiting).path()
    assert.match(await readFile(file, 'utf8'), /^day,calls,minutes,seconds,cost_usd,unpriced_items\r\n/)
    await page.getByRole('button', { name: '12 months' }).click()
    await page.getByRole('heading', { name: 'Per month' }).waitFor()
    assert.deepEqual(faults, [])
  })

  it('changes an agent, keeps what it was, and takes the change back when asked to', async () => {
    await ask('POST', '/api/agents', { id: 'desk', name: 'Desk', greeting: 'One.', tools: [] })
    const { page } = await openView('agents/desk')
    await page.getByLabel('Greeting').fill('Two.')
    await page.getByLabel('Hand the caller over').check()
    await page.getByRole('button', { name: 'Add somebody' }).click()
    await page.getByLabel('Name, as callers ask for it').fill('boss')
    await page.getByLabel('Number', { exact: true }).fill('nonsense')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('body/transferTargets/0/number').waitFor()
    await page.getByLabel('Number', { exact: true }).fill('+13125550123')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved. It holds from the next call on.').waitFor()
    const saved = (await ask('GET', '/api/agents/desk')).body
    assert.deepEqual([saved.greeting, saved.tools], ['Two.', ['transfer_call']])

    await page.getByText('Version 2').waitFor()
    await page.getByRole('button', { name: 'Restore' }).click()
    assert.equal((await ask('GET', '/api/agents/desk')).body.greeting, 'Two.', 'not before it is asked')
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByText('Version 3').waitFor()
    await eventually(
      () => page.getByLabel('Greeting').inputValue(),
      (greeting) => greeting === 'One.',
      'the greeting as it was'
    )
    assert.equal((await ask('GET', '/api/agents/desk')).body.greeting, 'One.')
  })

  it('offers an agent to be tried at once', async () => {
    const { page } = await openView('agents')
    await page.getByRole('link', { name: 'Try it now' }).first().click()
    await page.getByRole('heading', { name: 'Talk to your agent' }).waitFor()
    assert.ok(page.url().includes('agent='))
  })

  it('has an agent answer a number, and gives it back when asked to', async () => {
    await ask('POST', '/api/agents', { id: 'night', name: 'Night' })
    const { page } = await openView('numbers')
    await page.getByLabel('Number', { exact: true }).fill('+1 312 555-0177')
    await page.getByLabel('Agent', { exact: true }).selectOption('night')
    await page.getByRole('button', { name: 'Assign' }).click()
    await page.getByLabel('Who answers +13125550177').waitFor()
    const rows = async () => JSON.stringify((await ask('GET', '/api/numbers')).body)
    assert.ok((await rows()).includes('+13125550177'))
    await page.getByRole('button', { name: 'Give +13125550177 back' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click()
    await eventually(rows, (told) => !told.includes('+13125550177'), 'the number to be given back')
  })

  it('takes products from a CSV file, or says which line is wrong, and finds them', async () => {
    const { page } = await openView('products')
    const importCsv = async (csv: string) => {
      const file = { name: 'products.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
      await page.getByLabel('CSV file').setInputFiles(file)
      await page.getByRole('dialog').getByRole('button', { name: 'Import CSV' }).click()
    }
    await page.getByRole('button', { name: 'Import CSV' }).click()
    await importCsv('sku,name,price\nC-1,Chair,dear\n')
    await page.getByText('Nothing was imported.').waitFor()
    await importCsv('sku,name,price\nC-1,Chair,99\n')
    await page.getByText('Imported: 1 new, 0 replaced.').waitFor()
    await page.getByLabel('Search as an agent does').fill('chai')
    await page.locator('tr', { hasText: 'Chair' }).waitFor()
    await page.getByRole('button', { name: 'Remove Chair' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Nothing found for “chai”').waitFor()
  })

  it('examines the server, and shows what it does', async () => {
    const { page, faults } = await openView('health')
    await page.getByText('No faults').waitFor()
    await page.locator('.finding', { hasText: 'The embedded PostgreSQL is in use' }).waitFor()
    await page.getByRole('region', { name: 'Event-loop delay, p99' }).waitFor()
    await page.getByText('This one', { exact: true }).waitFor()
    assert.deepEqual(faults, [])
  })

  for (const width of [375, 1440]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`keeps nobody out where there is something to see, ${colorScheme}, ${width} px wide`, async () => {
        const viewport = { width, height: width === 375 ? 812 : 900 }
        const { page } = await rig.open({ viewport, colorScheme })
        const found: string[] = []
        for (const [name, path] of VIEWS) {
          await page.goto(`${rig.server.url}/#/${path}`)
          await page.locator('.page-head').waitFor()
          await page.waitForLoadState('networkidle')
          await screenshot(page, `full-${name}-${width}-${colorScheme}`)
          found.push(...(await seriousFaults(page)).map((fault) => `${name}: ${fault}`))
          const wide = await widerThanWindow(page)
          if (wide) found.push(`${name}: ${wide}`)
        }
        assert.deepEqual(found, [])
      })
    }
  }
})
