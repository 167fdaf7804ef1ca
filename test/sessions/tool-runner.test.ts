import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tool, ToolContext } from '../../sessions/contracts/tool.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { settle, testCall } from '../support/session-rig.ts'

function createRig(run: Tool['run']) {
  const clock = new ManualClock()
  const call = new AbortController()
  const spec = { name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }
  const tools = new ToolRunner({ tools: [{ spec, run }], clock })
  const ask = (text: string, name = 'look_up') =>
    tools.run({ id: 't-1', name, arguments: text, spoken: false }, testCall, call.signal)
  return { clock, call, tools, ask, spec }
}

describe('ToolRunner', () => {
  it('hands the model’s arguments and the call to the tool, and its words back', async () => {
    let context: ToolContext | null = null
    const { ask, tools, spec } = createRig(async (args, given) => {
      context = given
      return `found ${args.sku}`
    })
    assert.deepEqual(await ask('{"sku":7}'), { output: 'found 7', ok: true, code: null, durationMs: 0 })
    assert.equal((context as ToolContext | null)?.callId, testCall.callId)
    assert.deepEqual(tools.specs, [spec])
  })

  it('takes no arguments for none', async () => {
    const { ask } = createRig(async (args) => JSON.stringify(args))
    for (const text of ['', '  ', '{}']) assert.equal((await ask(text)).output, '{}')
  })

  it('runs no tool on arguments that are no object', async () => {
    let runs = 0
    const { ask } = createRig(async () => String(++runs))
    for (const text of ['{', '[]', 'null', '"text"', '5'])
      assert.deepEqual([(await ask(text)).code, (await ask(text)).ok], ['bad_arguments', false])
    assert.equal(runs, 0)
  })

  it('tells the model of a tool that there is not', async () => {
    const { ask } = createRig(async () => 'x')
    const { code, output } = await ask('{}', 'dance')
    assert.deepEqual([code, output], ['unknown_tool', 'There is no tool named dance.'])
  })

  it('tells the model that a tool failed, and nothing of why', async () => {
    for (const run of [
      () => Promise.reject(new Error('password=secret')),
      () => {
        throw new Error('password=secret')
      }
    ]) {
      const outcome = await createRig(run).ask('{}')
      assert.deepEqual([outcome.code, outcome.output], ['failed', 'The tool failed.'])
    }
  })

  it('gives up a tool after ten seconds, even one that ignores its signal', async () => {
    let signal: AbortSignal | null = null
    const { ask, clock } = createRig((_args, context) => {
      signal = context.signal
      return new Promise(() => {})
    })
    const outcome = ask('{}')
    await settle()
    clock.advance(9_999)
    assert.equal((signal as AbortSignal | null)?.aborted, false)
    clock.advance(1)
    assert.equal((signal as AbortSignal | null)?.aborted, true)
    const { code, durationMs } = await outcome
    assert.deepEqual([code, durationMs], ['timeout', 10_000])
  })

  it('gives up a tool when its call ends, and starts none after', async () => {
    let runs = 0
    const { ask, call, clock } = createRig(() => {
      runs += 1
      return new Promise(() => {})
    })
    const outcome = ask('{}')
    await settle()
    call.abort()
    assert.equal((await outcome).code, 'failed')
    assert.equal((await ask('{}')).code, 'failed')
    assert.equal(clock.pending, 0)
    assert.equal(runs, 1)
  })
})
