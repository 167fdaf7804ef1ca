import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { ScriptTurn } from '../../../standins/openai/script.ts'
import type { StandInSession } from '../../../standins/openai/stand-in-session.ts'
import { EngineRig } from './engine-rig.ts'

/** Mulberry32: the same storm from the same seed. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Responses in the order in which they began and ended, as the service told them. */
function lives(session: StandInSession): string[] {
  return session.sent.flatMap((event) => {
    if (event.type === 'response.created') return [`begin ${event.response?.id}`]
    return event.type === 'response.done' ? [`end ${event.response?.id}`] : []
  })
}

describe('tool calls of the realtime engine, with fillers, interruptions and results in any order', () => {
  let rig: EngineRig
  afterEach(() => rig.close())

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`are answered once each, and no two responses are ever active: storm ${seed}`, async () => {
      const roll = dice(seed)
      const model = dice(-seed)
      let callsMade = 0
      const script = ({ trigger, toolOutputs }: ScriptTurn) => {
        if (trigger === 'client')
          return { transcript: `Said. ${toolOutputs.join(' ')}`, audio: { toneHz: 440, ms: 100 } }
        const count = 1 + Math.floor(model() * 2)
        callsMade += count
        return {
          ...(model() < 0.3 && { transcript: 'I will look.', audio: { toneHz: 440, ms: 100 } }),
          functionCalls: Array.from({ length: count }, () => ({ name: 'look_up', arguments: '{}' }))
        }
      }
      rig = await EngineRig.connected({ script, speed: 20, firstDeltaMs: 5 })
      const open: string[] = []
      rig.engine.on('toolCall', ({ id }) => void open.push(id))
      rig.interruptWith(() => [])
      const { session } = rig
      const items = () => session.eventsOf('conversation.item.create').map(({ item }) => item)
      let trips = 0
      /** The service has got everything that was sent until now. */
      const roundTrip = async () => {
        trips += 1
        const text = `trip ${trips}`
        rig.engine.whisper(text)
        await session.until(() => JSON.stringify(items().at(-1) ?? '').includes(text), text)
      }
      const answerOne = () => {
        const [id] = open.splice(Math.floor(roll() * open.length), 1)
        if (id === undefined) return
        rig.engine.returnToolResult(id, `result of ${id}`, { reply: true })
        if (roll() < 0.3) rig.engine.returnToolResult(id, 'again', { reply: true })
      }
      for (let step = 0; step < 60; step++) {
        const chance = roll()
        if (chance < 0.3) {
          // Speech that ends while a response is active is not answered by the service: half of it shall be.
          if (chance < 0.15) await session.until(() => !session.responding, 'the response to end')
          rig.speak(200)
          rig.beSilent(600)
        } else if (chance < 0.5) rig.engine.say('One moment, please.')
        else answerOne()
        for (let trips = Math.floor(roll() * 5); trips >= 0; trips--) await roundTrip()
      }
      const outputs = () =>
        items().flatMap((item) => (item.type === 'function_call_output' ? [item.call_id ?? ''] : []))
      const settled = () => {
        answerOne()
        return (
          !session.responding && open.length === 0 && outputs().length === rig.eventsOf('toolCall').length
        )
      }
      rig.beSilent(600)
      await rig.until(settled, 'every call to be answered')
      rig.engine.say('The last words.')
      await session.until(
        () => !session.responding && session.sent.at(-1)?.type === 'response.done',
        'the last words to be said'
      )

      assert.ok(callsMade > 3)
      assert.equal(new Set(outputs()).size, outputs().length)
      const order = lives(session)
      for (let at = 0; at + 1 < order.length; at += 2)
        assert.equal(order[at]?.replace('begin', 'end'), order[at + 1], order.join(', '))
      assert.deepEqual(session.invalidSent, [])
    })
  }
})
