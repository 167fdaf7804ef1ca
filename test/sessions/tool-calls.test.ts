import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { createRig, settle } from '../support/session-rig.ts'

/** A session with a tool that comes back when it is told to. */
async function inCall(profile: Partial<AgentProfile> = {}) {
  const runs: PromiseWithResolvers<string>[] = []
  const slow: Tool = {
    spec: { name: 'look_up', description: 'Looks up.', parameters: {} },
    run: () => {
      const run = Promise.withResolvers<string>()
      runs.push(run)
      return run.promise
    }
  }
  const rig = createRig({ tools: [slow], profile: { fillerPhrases: null, ...profile } })
  await rig.connect()
  let calls = 0
  const call = (options: { spoken?: boolean; name?: string; args?: string } = {}) => {
    calls += 1
    const { spoken = false, name = 'look_up', args = '{}' } = options
    rig.engine.emit('toolCall', { id: `c${calls}`, name, arguments: args, spoken })
  }
  const answer = async (index: number, output = 'found') => {
    runs[index]?.resolve(output)
    await settle()
  }
  return { ...rig, call, answer }
}

describe('waiting for a tool', () => {
  it('is filled after 800 ms, once, however many run', async () => {
    const { answer, call, clock, engine } = await inCall()
    call()
    call()
    clock.advance(799)
    assert.deepEqual(engine.said, [])
    clock.advance(1)
    assert.deepEqual(engine.said, ['One moment, please.'])
    await answer(0)
    clock.advance(5000)
    assert.equal(engine.said.length, 1)
    await answer(1)
    assert.equal(engine.toolResults.length, 2)
  })

  it('is filled in other words the next time, in the language of the agent', async () => {
    const { answer, call, clock, engine } = await inCall({ language: 'fr-FR' })
    for (const run of [0, 1]) {
      call()
      clock.advance(900)
      await answer(run)
      engine.speak(`r${run}`, 200, 'Voilà.')
      engine.emit('replyDone', { replyId: `r${run}` })
      clock.advance(400)
    }
    assert.deepEqual(engine.said, ["Un instant, s'il vous plaît.", 'Je vérifie cela.'])
  })

  it("is filled in the agent's own words, or not at all where it has none", async () => {
    const own = await inCall({ fillerPhrases: ['Hang on.'] })
    own.call()
    own.clock.advance(900)
    assert.deepEqual(own.engine.said, ['Hang on.'])
    const none = await inCall({ fillerPhrases: [] })
    none.call()
    none.clock.advance(5000)
    assert.deepEqual(none.engine.said, [])
  })

  it('is not filled where the tool is quick, or the agent has said that it will look', async () => {
    const { answer, call, clock, engine } = await inCall()
    call()
    clock.advance(500)
    await answer(0)
    call({ spoken: true })
    clock.advance(5000)
    assert.deepEqual(engine.said, [])
  })

  it('is not filled while the agent can still be heard', async () => {
    const { call, clock, engine } = await inCall()
    engine.speak('r1', 2000, 'Let me see.')
    engine.emit('replyDone', { replyId: 'r1' })
    call()
    clock.advance(1000)
    assert.deepEqual(engine.said, [])
  })

  it('is not filled where the caller speaks, nor after it: the agent answers that', async () => {
    const { answer, call, clock, engine } = await inCall()
    call()
    clock.advance(300)
    engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
    clock.advance(200)
    engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
    clock.advance(5000)
    assert.deepEqual(engine.said, [])
    await answer(0)
    assert.equal(engine.toolResults.length, 1)
  })
})

describe('a tool call', () => {
  it('is told with its arguments and its result, as far as they go', async () => {
    const { answer, call, clock, of } = await inCall()
    call({ args: '{"sku":"L-1"}' })
    clock.advance(120)
    await answer(0, '{"left":3}')
    call({ args: 'not json' })
    await settle()
    call()
    await answer(1, 'x'.repeat(10_000))
    const [first, second, third] = of('tool.called')
    assert.deepEqual(first, {
      type: 'tool.called',
      tool: 'look_up',
      durationMs: 120,
      ok: true,
      code: null,
      arguments: { sku: 'L-1' },
      result: { left: 3 }
    })
    assert.deepEqual([second?.code, second?.arguments], ['bad_arguments', 'not json'])
    assert.ok(String(third?.result).length < 5000)
  })

  it('that still runs as the call ends is told of before the end, and answered no more', async () => {
    const { answer, call, engine, of, published, session } = await inCall()
    call()
    void session.end('caller_hung_up')
    assert.deepEqual(
      of('tool.called').map(({ code, ok, result }) => [code, ok, result]),
      [['call_ended', false, null]]
    )
    assert.equal(published.at(-1)?.type, 'call.ended')
    await answer(0)
    await session.end('internal')
    assert.deepEqual(engine.toolResults, [])
    assert.equal(of('tool.called').length, 1)
  })

  it('lets the caller hear that they are put through before they are', async () => {
    const transfer: Tool = {
      spec: { name: 'transfer_call', description: 'Transfers.', parameters: {} },
      run: async () => 'answered'
    }
    const { clock, connect, engine } = createRig({ tools: [transfer] })
    await connect()
    engine.speak('r1', 1000, 'I am putting you through.')
    engine.emit('replyDone', { replyId: 'r1' })
    engine.emit('toolCall', { id: 't1', name: 'transfer_call', arguments: '{}', spoken: true })
    clock.advance(700)
    await settle()
    assert.deepEqual(engine.toolResults, [])
    clock.advance(400)
    await settle()
    assert.equal(engine.toolResults.length, 1)
  })

  it('whose transfer ends the call has done what it should', async () => {
    const { of, session, engine, call } = await inCall()
    call({ name: 'transfer_call' })
    void session.end('transferred')
    await settle()
    assert.deepEqual(engine.toolResults, [])
    assert.deepEqual(
      of('tool.called').map(({ tool, ok }) => [tool, ok]),
      [['transfer_call', true]]
    )
  })

  it('may be of a tool that turned up during the call; one of a known name changes nothing', async () => {
    const { call, engine, session } = await inCall()
    const late = (name: string, output: string): Tool => ({
      spec: { name, description: '', parameters: {} },
      run: async () => output
    })
    session.learnTools([late('late', 'here'), late('look_up', 'another')])
    assert.deepEqual(engine.toolNames, [['look_up', 'late']])
    call({ name: 'late' })
    await settle()
    assert.deepEqual(
      engine.toolResults.map(({ output }) => output),
      ['here']
    )
  })
})
