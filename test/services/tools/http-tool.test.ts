import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '../../../services/clock.ts'
import { httpTool } from '../../../services/tools/http-tool.ts'
import type { HttpToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import { ToolRunner } from '../../../sessions/tool-runner.ts'
import { testCall } from '../../support/session-rig.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

type Answer = { status?: number; text?: string; headers?: Record<string, string> } | 'hang' | 'break'

describe('a tool at a URL', () => {
  let server: Server
  let url = ''
  let answers: Answer[] = []
  let requests: { headers: IncomingHttpHeaders; body: string; path: string }[] = []

  beforeEach(async () => {
    answers = []
    requests = []
    server = createServer(async (request, response) => {
      const pieces: Buffer[] = []
      for await (const piece of request) pieces.push(piece as Buffer)
      requests.push({
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
        path: request.url ?? ''
      })
      const answer = answers.shift() ?? {}
      if (answer === 'hang') return
      if (answer === 'break') return void request.socket.destroy()
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.text ?? '')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stock`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  async function run(spec: Partial<HttpToolSpec> = {}) {
    const tool = httpTool(
      {
        type: 'http',
        name: 'stock_of',
        description: 'Tells how many are left.',
        parameters: { type: 'object' },
        url,
        secret: SECRET,
        ...spec
      },
      'shop'
    )
    const runner = new ToolRunner({ tools: [tool], clock: systemClock })
    const call = { id: 'c', name: 'stock_of', arguments: '{"sku":"L-1"}', spoken: false }
    const { output, ok, code } = await runner.run(call, testCall, new AbortController().signal)
    return { output, ok, code }
  }

  it('is posted its arguments and whose call it is, signed as Standard Webhooks has it', async () => {
    answers.push({ text: '{"left":3}' })
    assert.deepEqual(await run({ headers: { 'x-key': 'hush' } }), {
      output: '{"left":3}',
      ok: true,
      code: null
    })
    const { headers = {}, body = '' } = requests[0] ?? {}
    const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>) as Record<
      string,
      unknown
    >
    const { timestamp, ...rest } = verified
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))))
    assert.deepEqual(rest, {
      type: 'tool.call',
      name: 'stock_of',
      arguments: { sku: 'L-1' },
      call: { id: testCall.callId, agentId: 'shop', from: testCall.from, to: testCall.to }
    })
    assert.equal(headers['x-key'], 'hush')
    assert.throws(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>))
  })

  for (const [fault, first] of [
    ['a fault of the server', { status: 503 }],
    ['a broken connection', 'break']
  ] as const) {
    it(`is asked once more after ${fault}, as the same request`, async () => {
      answers.push(first, { text: 'three' })
      assert.equal((await run()).output, 'three')
      assert.equal(requests.length, 2)
      assert.equal(requests[0]?.headers['webhook-id'], requests[1]?.headers['webhook-id'])
      assert.equal(requests[0]?.body, requests[1]?.body)
    })
  }

  it('is asked no third time', async () => {
    answers.push({ status: 500 }, { status: 502 }, { text: 'late' })
    const { output, code } = await run()
    assert.deepEqual([code, requests.length], ['failed', 2])
    assert.match(output, /502/)
    answers = ['break', 'break']
    assert.deepEqual(await run(), { output: 'The tool failed.', ok: false, code: 'failed' })
  })

  it('is not asked again where it refuses, and the model is told why', async () => {
    answers.push({ status: 404, text: 'There is no such SKU.' })
    const { output, ok } = await run()
    assert.deepEqual([ok, requests.length], [false, 1])
    assert.match(output, /404: There is no such SKU\./)
  })

  it('is not followed elsewhere', async () => {
    answers.push({ status: 307, headers: { location: '/elsewhere' } })
    const { ok, output } = await run()
    assert.equal(ok, false)
    assert.match(output, /redirect/)
    assert.deepEqual(
      requests.map(({ path }) => path),
      ['/stock']
    )
  })

  it('is given up after its own deadline', async () => {
    answers.push('hang')
    assert.deepEqual((await run({ timeoutMs: 100 })).code, 'timeout')
    assert.equal(requests.length, 1)
  })

  it('may say nothing, or too much', async () => {
    answers.push({ text: '' }, { text: 'x'.repeat(1_000_000) })
    assert.match((await run()).output, /^Done\./)
    const { output } = await run()
    assert.ok(output.length < 17_000 && output.endsWith('left out.]'))
  })
})
