import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pino } from 'pino'
import { ToolBox } from '../../../services/tools/index.ts'
import type { McpServerSpec } from '../../../sessions/contracts/agent-profile.ts'
import { ToolRunner } from '../../../sessions/tool-runner.ts'
import { type McpStandIn, startMcpStandIn } from '../../standins/mcp-standin.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { testCall, testProfile } from '../../support/session-rig.ts'

const DEPS = {
  transfer: async () => 'failed' as const,
  sendDtmf: async () => {},
  searchProducts: async () => []
}

describe('the tools of an MCP server', () => {
  let standIn: McpStandIn
  let clock: ManualClock
  let box: ToolBox

  beforeEach(async () => {
    standIn = await startMcpStandIn()
    clock = new ManualClock()
    box = new ToolBox({ clock, log: pino({ level: 'silent' }) })
  })
  afterEach(async () => {
    await box.close()
    standIn.close()
  })

  const serve = (spec: Partial<McpServerSpec> = {}) =>
    box.create({ ...testProfile, tools: [{ type: 'mcp', name: 'crm', url: standIn.url, ...spec }] }, DEPS)
  const namesOf = (tools: readonly { spec: { name: string } }[]) => tools.map(({ spec }) => spec.name)

  /** With all of them. */
  async function runner(spec: Partial<McpServerSpec> = {}): Promise<ToolRunner> {
    const { tools, later } = serve(spec)
    const runner = new ToolRunner({ tools, clock })
    runner.add((await later) ?? [])
    return runner
  }
  const run = async (tools: ToolRunner, name: string, args = '{}', signal = new AbortController().signal) => {
    const { output, code } = await tools.run(
      { id: 'c', name, arguments: args, spoken: false },
      testCall,
      signal
    )
    return [code, output]
  }

  it('come later to the first call, and with the next one at once', async () => {
    const first = serve()
    assert.deepEqual(namesOf(first.tools), ['end_call'])
    const late = (await first.later) ?? []
    assert.deepEqual(namesOf(late), ['find_customer', 'crm_end_call', 'fail', 'wait'])
    assert.deepEqual(late[0]?.spec.parameters.required, ['number'])
    const second = serve()
    assert.equal(second.later, null)
    assert.deepEqual(namesOf(second.tools), ['end_call', 'find_customer', 'crm_end_call', 'fail', 'wait'])
    assert.equal(standIn.initialised, 1)
  })

  it('are called with the headers of the server, their own names, and arguments that fit', async () => {
    const tools = await runner({ headers: { authorization: 'Bearer hush' } })
    assert.deepEqual(await run(tools, 'find_customer', '{"number":"7"}'), [null, 'Customer 7 is Ada.'])
    assert.deepEqual(await run(tools, 'crm_end_call'), [null, 'Ended.'])
    assert.deepEqual(
      standIn.calls.map(({ name }) => name),
      ['find_customer', 'end_call']
    )
    assert.ok(standIn.headers.every(({ authorization }) => authorization === 'Bearer hush'))
    const [code, output] = await run(tools, 'find_customer', '{"number":7}')
    assert.equal(code, 'bad_arguments')
    assert.match(String(output), /number must be string/)
    assert.equal(standIn.calls.length, 2)
  })

  it('are those that the agent may call', async () => {
    const { later } = serve({ allowedTools: ['fail'] })
    assert.deepEqual(namesOf((await later) ?? []), ['fail'])
  })

  it('may fail, and the model is told why', async () => {
    assert.deepEqual(await run(await runner(), 'fail'), ['failed', 'The customer is locked.'])
  })

  it('are given up at the deadline, and with the call', async () => {
    const tools = await runner()
    const timedOut = run(tools, 'wait')
    clock.advance(10_000)
    assert.equal((await timedOut)[0], 'timeout')
    const call = new AbortController()
    const cut = run(tools, 'wait', '{}', call.signal)
    call.abort()
    assert.equal((await cut)[0], 'failed')
  })

  it('are called in a new session where the server has forgotten the old one', async () => {
    const tools = await runner()
    standIn.forgetSessions()
    assert.deepEqual(await run(tools, 'find_customer', '{"number":"8"}'), [null, 'Customer 8 is Ada.'])
    assert.equal(standIn.initialised, 2)
  })

  it('are asked for again when they have become old, beside the call', async () => {
    await runner()
    const before = standIn.headers.length
    clock.advance(6 * 60_000)
    assert.equal(serve().later, null)
    while (standIn.headers.length === before) await new Promise(setImmediate)
  })

  it('are none where there is no server, and the next call does not ask', async () => {
    const dead = { url: 'http://127.0.0.1:9/mcp' }
    assert.deepEqual(await serve(dead).later, [])
    assert.equal(serve(dead).later, null)
    clock.advance(31_000)
    assert.notEqual(serve(dead).later, null)
  })

  it('are not looked for elsewhere', async () => {
    const redirecting = createServer((_request, response) => {
      response.writeHead(307, { location: standIn.url }).end()
    })
    await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done))
    const { port } = redirecting.address() as AddressInfo
    assert.deepEqual(await serve({ url: `http://127.0.0.1:${port}/mcp` }).later, [])
    assert.equal(standIn.headers.length, 0)
    redirecting.closeAllConnections()
    redirecting.close()
  })
})
