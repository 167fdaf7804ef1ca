import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { type McpStandIn, startMcpStandIn } from '../standins/mcp-standin.ts'
import type { Script } from '../standins/openai/script.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'
import { until } from '../support/until.ts'

const OURS = '+13125550144'
const spoken = (transcript: string) => ({ transcript, audio: { toneHz: 700, ms: 600 } })
const asks = (name: string, args: object) => ({
  functionCalls: [{ name, arguments: JSON.stringify(args) }]
})

/** Greets, asks the shop, asks the CRM, looks for a product, and says whatever it was told. */
const script =
  (turns: ReturnType<typeof asks>[]): Script =>
  ({ trigger, instructions, toolOutputs }) => {
    if (toolOutputs.length > 0) return spoken(toolOutputs.join(' '))
    if (trigger === 'caller') return turns.shift() ?? spoken('I have nothing more to ask.')
    return spoken(instructions?.match(/"(.+)"/)?.[1] ?? '')
  }

describe("tools of an agent's owner, in a whole call", { timeout: 300_000 }, () => {
  let rig: CallRig
  let crm: McpStandIn
  let shop: Server
  let waiting: ServerResponse[] = []

  before(async () => {
    crm = await startMcpStandIn()
    waiting = []
    shop = createServer((_request, response) => void waiting.push(response))
    await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done))
    rig = await startCallRig({
      realtime: {
        script: script([
          asks('stock_of', { sku: 'L-1' }),
          asks('find_customer', { number: '7' }),
          asks('search_products', { query: 'reeding lamp' })
        ])
      }
    })
    const ask = operatorOf(rig.server)
    const { port } = shop.address() as AddressInfo
    const made = await ask('POST', '/api/agents', {
      id: 'shop',
      name: 'Shop',
      greeting: 'Welcome.',
      fillerPhrases: ['Bear with me.'],
      tools: [
        'search_products',
        {
          type: 'http',
          name: 'stock_of',
          description: 'Tells how many are left.',
          parameters: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
          url: `http://127.0.0.1:${port}/stock`
        },
        { type: 'mcp', name: 'crm', url: crm.url }
      ]
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    await ask('PUT', `/api/numbers/${encodeURIComponent(OURS)}`, { agentId: 'shop' })
    await ask('POST', '/api/products', { sku: 'L-1', name: 'Reading lamp', price: 20, currency: 'EUR' })
  })
  after(async () => {
    await rig.close()
    shop.closeAllConnections()
    shop.close()
    crm.close()
  })

  it('are called, waited for aloud, spoken of, told to the operator and kept', async () => {
    const told: Record<string, unknown>[] = []
    const { port } = new URL(rig.server.url)
    const listener = new WebSocket(`ws://127.0.0.1:${port}/call-events?token=${rig.server.operatorToken}`)
    listener.on('message', (data) => told.push(JSON.parse(String(data))))
    await new Promise((open) => listener.once('open', open))

    const call = rig.telnyx.placeCall({ to: OURS })
    const session = await rig.realtime.waitForSession(1)
    await call.waitForHeard(500, 10_000)
    const said = () =>
      told
        .filter(
          ({ type, payload }) => type === 'transcript' && (payload as { speaker: string }).speaker === 'agent'
        )
        .map(({ payload }) => (payload as { text: string }).text)
        .join('')

    call.sayTone(300, 500)
    await until(() => said().includes('Bear with me.'), 'the filler')
    await until(() => waiting.length === 1, 'the shop to be asked')
    waiting[0]?.end('Three are left.')
    await until(() => said().includes('Three are left.'), 'what the shop says')
    await call.waitForHeard(1600, 10_000)

    call.sayTone(300, 500)
    await until(() => said().includes('Customer 7 is Ada.'), 'what the CRM says')
    await call.waitForHeard(2200, 10_000)

    call.sayTone(300, 500)
    await until(
      () => said().includes('Reading lamp costs 20 euros and is in stock.'),
      'what the products say'
    )
    call.hangUp()
    listener.close()

    const outputs = session
      .eventsOf('conversation.item.create')
      .map(({ item }) => item)
      .filter((item) => item.type === 'function_call_output')
    assert.equal(new Set(outputs.map(({ call_id }) => call_id)).size, 3)
    assert.equal(outputs.length, 3)

    const rows = await rig.eventually(
      "select payload from call_events where type = 'tool.called' and (select count(*) from call_events where type = 'tool.called') = 3 order by occurred_at"
    )
    const kept = rows.map(({ payload }) => payload as Record<string, unknown>)
    assert.deepEqual(
      kept.map(({ tool, ok, arguments: args }) => [tool, ok, args]),
      [
        ['stock_of', true, { sku: 'L-1' }],
        ['find_customer', true, { number: '7' }],
        ['search_products', true, { query: 'reeding lamp' }]
      ]
    )
    assert.equal(kept[0]?.result, 'Three are left.')
    assert.ok(Number(kept[0]?.durationMs) >= 800)
    const live = told.filter(({ type }) => type === 'tool.called').map(({ payload }) => payload)
    assert.deepEqual(
      live.map((payload) => (payload as { result: unknown }).result),
      kept.map(({ result }) => result)
    )
    assert.doesNotMatch(JSON.stringify(rig.log), /Three are left|Ada|L-1|whsec_/)
  })
})
