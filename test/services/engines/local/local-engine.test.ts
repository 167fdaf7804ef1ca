import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { PCM16_24K } from '../../../../audio/format.ts'
import { DEFAULT_AGENT } from '../../../../services/default-agent.ts'
import type { LocalEngineOptions } from '../../../../services/engines/local/local-engine.ts'
import { CallError } from '../../../../sessions/errors.ts'
import { turns, until } from '../../../support/until.ts'
import { CLAUSE_MS, EngineRig } from './engine-rig.ts'
import { receptionist } from './receptionist.ts'

const HOURS = { text: 'what are your opening hours', confidence: 1 }
const GARBAGE = { text: '', confidence: 0 }

let rig: EngineRig
afterEach(() => rig.engine.close())

async function connect(options: Partial<LocalEngineOptions> = {}): Promise<EngineRig> {
  rig = await EngineRig.connected(options)
  return rig
}

describe('connecting', () => {
  it('is refused when its deadline passes, and when the call is over', async () => {
    const dialogue = await receptionist()
    const never = new Promise<never>(() => {})
    rig = new EngineRig({ dialogue, classifiers: never })
    const slow = assert.rejects(
      rig.engine.connect(new AbortController().signal),
      (error) => error instanceof CallError && error.code === 'ENGINE_CONNECT'
    )
    rig.clock.advance(10_000)
    await slow
    const over = new AbortController()
    const aborted = assert.rejects(rig.engine.connect(over.signal), { code: 'ENGINE_CONNECT' })
    over.abort()
    await aborted
    assert.equal(rig.clock.pending, 0)
  })

  it('is refused when the ears can not be started', async () => {
    const classifiers = Promise.reject(new Error('no model'))
    classifiers.catch(() => {})
    rig = new EngineRig({ dialogue: await receptionist(), classifiers })
    await assert.rejects(rig.engine.connect(new AbortController().signal), { code: 'ENGINE_CONNECT' })
  })
})

describe('a turn', () => {
  it("goes from the caller's speech to the end of the reply, in order", async () => {
    await connect()
    rig.speak(1000, { as: { text: 'hold on', confidence: 1 } })
    await rig.event('replyDone')
    assert.deepEqual(rig.names(), ['started', 'stopped', 'transcript', 'text', 'audio', 'replyDone'])
    assert.equal(rig.log[2], 'transcript hold on')
    assert.equal(rig.textSince(0), 'Take your time.')
  })

  it('gives text and audio of each clause together, joined to the whole text', async () => {
    await connect()
    const said = await rig.ask('do you have lasagna')
    assert.equal(said, 'Yes, we have the lasagna. It is fourteen dollars, and there is a vegetarian one too.')
    const clauses = rig.names().filter((name) => name === 'text').length
    assert.ok(clauses > 1)
    assert.equal(rig.names().filter((name) => name === 'audio').length, clauses)
    assert.equal(Math.round(rig.audioMs.get(rig.replyIds[0]!)! / 10), (clauses * CLAUSE_MS) / 10)
  })

  it('hands the recogniser what was said with a little around it, and not the silence after it', async () => {
    await connect()
    rig.speak(1000, { as: HOURS })
    await rig.event('replyDone')
    const ms = rig.speech.heardSamples[0]! / 16
    assert.ok(ms >= 1200 && ms <= 1500, `${ms} ms`)
  })

  it('begins to recognise in a pause that is not yet the end, and does so once', async () => {
    await connect()
    rig.speak(1000, { as: HOURS, open: true })
    rig.quiet(400)
    assert.deepEqual([rig.speech.heardSamples.length, rig.names()], [1, ['started']])
    rig.quiet(900)
    await rig.event('replyDone')
    assert.equal(rig.log[2], 'transcript what are your opening hours')
    assert.equal(rig.speech.heardSamples.length, 1)
  })

  it('recognises it all where the caller goes on after a pause', async () => {
    await connect()
    rig.speak(1000, { as: GARBAGE, open: true })
    rig.quiet(400)
    rig.speak(1000, { as: HOURS })
    await rig.event('replyDone')
    assert.equal(rig.log[2], 'transcript what are your opening hours')
    assert.ok(rig.speech.heardSamples[1]! > 2300 * 16)
  })

  it('leaves the recogniser to others in a pause', async () => {
    await connect()
    rig.speech.busy = true
    rig.speak(1000, { as: HOURS, open: true })
    rig.quiet(400)
    assert.equal(rig.speech.heardSamples.length, 0)
    rig.quiet(900)
    await rig.event('replyDone')
    assert.equal(rig.speech.heardSamples.length, 1)
  })

  it('makes the next clause while one is handed on', async () => {
    await connect()
    rig.speech.held = true
    rig.speak(1000, { as: { text: 'do you have lasagna', confidence: 1 } })
    await until(() => rig.speech.waiting === 1, 'the first clause')
    rig.speech.release()
    await rig.event('audio')
    assert.equal(rig.speech.waiting, 1)
    assert.equal(rig.names().includes('replyDone'), false)
  })

  it('counts seconds heard and characters spoken, at no price', async () => {
    await connect()
    const said = await rig.ask('where are you')
    const total = (kind: string) =>
      rig.usage.filter((record) => record.kind === kind).reduce((sum, { quantity }) => sum + quantity, 0)
    assert.ok(total('stt') > 1 && total('stt') < 2)
    assert.ok(total('tts') >= said.length - 5 && total('tts') <= said.length)
    assert.ok(rig.usage.every(({ provider, model }) => provider === 'offhook' && model === 'local'))
  })

  it("speaks with the telephone's voice on the telephone, and with the pleasant one on wideband", async () => {
    await connect()
    rig.engine.greet()
    await rig.event('replyDone')
    assert.equal(rig.textSince(0), DEFAULT_AGENT.greeting)
    assert.equal(rig.speech.synthesised[0]?.voice, 'rms')
    rig.engine.close()
    await connect({ format: PCM16_24K })
    rig.engine.greet()
    await rig.event('replyDone')
    assert.equal(rig.speech.synthesised[0]?.voice, 'slt')
    assert.equal(rig.engine.outputFormat, PCM16_24K)
  })

  it('speaks slower from the moment the caller asks for it', async () => {
    await connect()
    await rig.ask('where are you')
    await rig.ask('speak slower')
    assert.equal(rig.speech.synthesised[0]?.stretch, 1)
    assert.equal(rig.speech.synthesised.at(-1)?.stretch, 1.25)
  })
})

describe('noise', () => {
  it('that is short and nothing is not answered', async () => {
    await connect()
    rig.speak(240)
    await rig.event('transcript')
    await turns()
    assert.deepEqual(rig.names(), ['started', 'stopped', 'transcript'])
  })

  it('that lasts is answered with what the agent can do', async () => {
    await connect()
    rig.speak(1200)
    await rig.event('replyDone')
    assert.match(rig.textSince(0), /did not get that/)
  })

  it('in place of an answer makes the agent ask again, however short', async () => {
    await connect()
    await rig.ask('book a table')
    const from = rig.log.length
    rig.speak(240)
    await rig.event('replyDone', from)
    assert.match(rig.textSince(from), /^Sorry.*how many people/i)
  })

  it('that cuts a reply short before it has begun only delays it', async () => {
    await connect()
    rig.speech.held = true
    rig.speak(1000, { as: { text: 'where are you', confidence: 1 } })
    await until(() => rig.speech.waiting === 1, 'the answer to be made')
    rig.speak(240)
    rig.speech.held = false
    rig.speech.release()
    await rig.event('replyDone')
    assert.match(rig.textSince(0), /^We are at 12 Market Street/)
    assert.equal(rig.replyIds.length, 1)
  })
})

describe('an interruption that the session takes back', () => {
  it('lets the agent say what had not been made, and do what it was to do then', async () => {
    await connect()
    rig.speech.held = true
    rig.speak(1000, { as: { text: 'goodbye', confidence: 1 } })
    await until(() => rig.speech.waiting === 1, 'the goodbye')
    rig.speech.release()
    await rig.event('audio')
    rig.engine.once('callerSpeechStarted', () => rig.interrupt([]))
    rig.engine.once('callerTranscript', ({ utteranceId }) => rig.engine.dismiss(utteranceId))
    rig.speech.held = false
    rig.speak(1000, { as: { text: 'okay', confidence: 1 } })
    await rig.event('toolCall')
    assert.equal(rig.textSince(0), 'Thank you for calling The Corner House.Goodbye.')
    assert.equal(rig.names().filter((name) => name === 'toolCall').length, 1)
  })
})

describe('an interruption', () => {
  it('lets nothing more of the reply out', async () => {
    await connect()
    rig.speech.held = true
    rig.engine.say('One sentence that is said. Another sentence that is not said.')
    await until(() => rig.speech.waiting === 1, 'the first clause')
    rig.speech.release()
    await rig.event('audio')
    rig.interrupt([{ replyId: rig.replyIds[0]!, heardMs: 100, receivedMs: CLAUSE_MS }])
    const after = rig.log.length
    assert.equal(rig.log.at(-1), 'replyDone')
    rig.speech.release()
    await turns()
    assert.deepEqual(rig.names(after), [])
  })

  it('from within an audio event stops the clause there', async () => {
    await connect()
    rig.engine.once('audio', () => rig.interrupt([]))
    rig.engine.say('A clause of one second.')
    await rig.event('replyDone')
    await turns()
    assert.equal(rig.audioMs.get(rig.replyIds[0]!), 200)
    assert.equal(rig.names().filter((name) => name === 'replyDone').length, 1)
  })

  it('of a question that was hardly heard makes a yes no answer to it', async () => {
    await connect()
    const question = await rig.ask('book a table for four people on friday at seven')
    const replyId = rig.replyIds.at(-1)!
    rig.interrupt([{ replyId, heardMs: 300, receivedMs: rig.audioMs.get(replyId)! }])
    assert.equal(await rig.ask('yes'), question)
  })

  it('of a question that was mostly heard lets a yes answer it', async () => {
    await connect()
    await rig.ask('book a table for four people on friday at seven')
    const replyId = rig.replyIds.at(-1)!
    const receivedMs = rig.audioMs.get(replyId)!
    rig.interrupt([{ replyId, heardMs: receivedMs * 0.9, receivedMs }])
    assert.match(await rig.ask('yes'), /put you down/)
  })

  it('of a question that was heard after all lets a yes answer it', async () => {
    await connect()
    const question = await rig.ask('book a table for four people on friday at seven')
    const replyId = rig.replyIds.at(-1)!
    rig.interrupt([{ replyId, heardMs: 300, receivedMs: rig.audioMs.get(replyId)! }])
    rig.engine.remember(question)
    assert.match(await rig.ask('yes'), /put you down/)
  })

  it('leaves the whole reply to be repeated', async () => {
    await connect()
    const reply = await rig.ask('where are you')
    rig.interrupt([{ replyId: rig.replyIds[0]!, heardMs: 0, receivedMs: CLAUSE_MS }])
    assert.equal(await rig.ask('repeat that'), reply)
  })
})
