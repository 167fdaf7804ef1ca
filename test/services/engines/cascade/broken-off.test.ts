import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { PCMU_8K } from '../../../../audio/format.ts'
import { CascadeEngine } from '../../../../services/engines/cascade/cascade-engine.ts'
import { REST_INSTRUCTIONS } from '../../../../services/engines/rest-instructions.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { testProfile } from '../../../support/session-rig.ts'
import { DEAF, VirtualCascade } from '../../../support/virtual-cascade.ts'

const BYTES_PER_MS = 8

/** A cascade whose caller has asked for a reply of 20 words, which are written and made twice as fast as spoken. */
async function asked(t: TestContext, voiceMs: number, tool = false) {
  const clock = new ManualClock()
  const cascade = new VirtualCascade({
    ...{ clock, voiceMs, speed: 2, deltaMs: 20 },
    reply: () => ({ firstMs: 50, words: 20, tool })
  })
  const engine = new CascadeEngine({
    ...{ profile: testProfile, tools: [], format: PCMU_8K, clock },
    ...{
      speechToText: [cascade.speechToText],
      models: [cascade.model],
      textToSpeech: [cascade.textToSpeech]
    },
    classifiers: Promise.resolve({ create: () => DEAF })
  })
  const received = { replyId: '', ms: 0 }
  engine.on('audio', ({ replyId, payload }) => {
    received.ms = (replyId === received.replyId ? received.ms : 0) + payload.length / BYTES_PER_MS
    received.replyId = replyId
  })
  let utteranceId = ''
  engine.on('callerSpeechStarted', (utterance) => {
    utteranceId = utterance.utteranceId
  })
  t.after(() => engine.close())
  await engine.connect(new AbortController().signal)
  const { listener } = cascade
  assert.ok(listener)
  listener.started()
  listener.ended('Tell me more.')

  const untilReceived = async (ms: number) => {
    while (received.ms < ms) await clock.pass(10)
  }
  /** Something is heard over the reply, of which the caller has heard all that there is. */
  const begin = () => {
    listener.started()
    engine.interrupt([{ replyId: received.replyId, heardMs: received.ms, receivedMs: received.ms }])
  }
  const end = (text: string) => listener.ended(text)
  /** It was nothing, and what there was of the reply has been played. */
  const resume = () => {
    engine.dismiss(utteranceId)
    engine.remember('', true)
  }
  return { cascade, clock, engine, received, untilReceived, begin, end, resume }
}

describe('a reply of the cascade that noise broke off while it was being made', () => {
  it('is said to its end in its own words where they had been written', async (t) => {
    const { cascade, clock, untilReceived, begin, end, resume } = await asked(t, 2000)
    // Of "this is what you get.", at 65 ms a character, "this is " and half of "what".
    await untilReceived(700)
    begin()
    end('')
    resume()
    await clock.pass(10_000)
    const [first, rest] = cascade.speeches
    assert.ok(first.cancelled && !rest.cancelled)
    assert.equal(rest.text, first.text.slice('this is '.length))
    assert.equal(cascade.requests.length, 1)
  })

  it('is written to its end by the model where it was still at it', async (t) => {
    const { cascade, clock, untilReceived, begin, end, resume } = await asked(t, 40)
    await untilReceived(500)
    begin()
    end('')
    resume()
    await clock.pass(10_000)
    const messages = cascade.requests.map(({ messages }) => messages.slice(-2).map(({ content }) => content))
    assert.equal(messages.length, 2)
    assert.equal(messages[1][0], 'this is ')
    assert.equal(messages[1][1], REST_INSTRUCTIONS)
    assert.equal(cascade.speeches.length, 2)
  })

  it('does not take the answer to a tool’s result with it', async (t) => {
    const { cascade, clock, engine, received, begin, end, resume } = await asked(t, 40, true)
    engine.once('toolCall', ({ id }) => {
      engine.say('Let me see.')
      engine.returnToolResult(id, '{}', { reply: true })
    })
    while (cascade.speeches.length < 2 || received.ms > 300) await clock.pass(10)
    begin()
    end('')
    resume()
    await clock.pass(10_000)
    assert.equal(cascade.requests.length, 2)
    assert.match(cascade.speeches.at(-1)?.text ?? '', /^this is what you get\./)
  })

  it('gives way to the caller’s next words', async (t) => {
    const { cascade, clock, untilReceived, begin, end, resume } = await asked(t, 40)
    await untilReceived(200)
    begin()
    end('')
    resume()
    await clock.pass(20)
    begin()
    end('What else?')
    await clock.pass(10_000)
    const last = cascade.requests.at(-1)?.messages.at(-1)
    assert.deepEqual([last?.role, last?.content], ['user', 'What else?'])
    assert.equal(cascade.speeches.length, 2)
  })
})
