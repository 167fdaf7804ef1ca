import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CascadeRig, type CascadeRigOptions } from './engine-rig.ts'

const TOOLS = [{ name: 'weather', description: 'Tells the weather.', parameters: { type: 'object' } }]
const CALL = { name: 'weather', arguments: '{"town":"Lyon"}' }

describe('tools of the cascade', () => {
  const rigs: CascadeRig[] = []

  async function connected(options: CascadeRigOptions): Promise<CascadeRig> {
    const rig = await CascadeRig.connected({ call: { tools: TOOLS }, ...options })
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  it('are declared, called with whole arguments, and answered by one reply', async () => {
    const rig = await connected({
      openai: { chat: (_, index) => (index === 0 ? { toolCalls: [CALL] } : { text: 'It is sunny.' }) }
    })
    rig.speak()
    const { id, ...call } = await rig.waitFor('toolCall')
    assert.deepEqual(call, { ...CALL, spoken: false })
    assert.deepEqual(rig.openai.chats[0].body.tools, [{ type: 'function', function: TOOLS[0] }])
    rig.engine.returnToolResult(id, 'sunny', { reply: true })
    rig.engine.returnToolResult(id, 'sunny', { reply: true })
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, ['It is sunny.'])
    assert.deepEqual(rig.messagesOf(2).slice(1), ['assistant: ', 'tool: sunny'])
    assert.equal(rig.openai.chats.length, 2)
    assert.deepEqual(rig.troubles, [])
  })

  it('are called after the words of the same reply have been said', async () => {
    const rig = await connected({
      openai: {
        chat: () => ({ text: 'Goodbye then.', toolCalls: [{ name: 'end_call', arguments: '{}' }] })
      }
    })
    rig.speak()
    assert.equal((await rig.waitFor('toolCall')).spoken, true)
    const order = rig.happened.map(({ type }) => type)
    assert.ok(order.indexOf('toolCall') > order.lastIndexOf('audio'))
    assert.ok(order.indexOf('toolCall') > order.indexOf('replyDone'))
  })

  it('called together are answered together', async () => {
    const rig = await connected({
      openai: { chat: (_, index) => (index === 0 ? { toolCalls: [CALL, CALL] } : { text: 'Sunny in both.' }) }
    })
    rig.speak()
    const first = await rig.waitFor('toolCall')
    const second = await rig.waitFor('toolCall', 2)
    rig.engine.returnToolResult(first.id, 'sunny', { reply: true })
    rig.engine.returnToolResult(second.id, 'too', { reply: true })
    await rig.waitFor('replyDone')
    assert.equal(rig.openai.chats.length, 2)
    assert.deepEqual(rig.messagesOf(2).slice(1), ['assistant: ', 'tool: sunny', 'tool: too'])
  })

  it('do not keep the agent from answering, and are told of when they are back', async () => {
    const rig = await connected({
      deepgram: { transcribe: (n) => `Question ${n}.` },
      openai: { chat: (_, index) => (index === 0 ? { toolCalls: [CALL] } : { text: `Answer ${index}.` }) }
    })
    rig.speak()
    const { id } = await rig.waitFor('toolCall')
    rig.speak()
    await rig.waitFor('replyDone')
    assert.match(rig.messagesOf(2)[2], /^tool: Still under way/)
    rig.engine.returnToolResult(id, 'sunny', { reply: true })
    await rig.waitFor('replyDone', 2)
    assert.equal(rig.messagesOf(3)[2], 'tool: sunny')
    assert.deepEqual(rig.said, ['Answer 1.', 'Answer 2.'])
    assert.deepEqual(rig.troubles, [])
  })

  it('are others from the next answer on', async () => {
    const rig = await connected({})
    rig.engine.setTools([])
    rig.speak()
    await rig.waitFor('replyDone')
    assert.equal(rig.openai.chats[0].body.tools, undefined)
  })

  it('that were called ahead of a turn that went on are not called', async () => {
    const rig = await connected({
      openai: {
        chat: (_, index) => (index === 0 ? { toolCalls: [CALL] } : { text: 'I see.' }),
        firstTokenMs: 1
      }
    })
    rig.speak(1000, 260)
    await rig.openai.until(
      () => rig.openai.chats[0]?.firstTokenAt !== null && rig.openai.chats[0],
      'the call'
    )
    rig.speak()
    await rig.waitFor('replyDone')
    assert.deepEqual([rig.eventsOf('toolCall'), rig.said], [[], ['I see.']])
  })
})
