import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { PCM16_24K } from '../../../../audio/format.ts'
import { DEFAULT_AGENT } from '../../../../services/default-agent.ts'
import type { LocalEngineOptions } from '../../../../services/engines/local/local-engine.ts'
import type { Recognition } from '../../../../services/speech/local-speech.ts'
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

describe('the caller going on', () => {
  it('is heard out before the agent answers', async () => {
    await connect()
    const recognition = Promise.withResolvers<Recognition>()
    rig.speech.recognitions.push(recognition.promise)
    rig.speak(1000)
    rig.speak(600, { open: true })
    recognition.resolve({ text: 'book a table', confidence: 1 })
    await rig.event('transcript')
    await turns()
    assert.equal(rig.names().includes('audio'), false)
    rig.speech.recognitions.push({ text: 'for four people', confidence: 1 })
    rig.quiet(1300)
    await rig.event('replyDone')
    assert.equal(rig.textSince(0), 'A table for four. For which day?')
    assert.equal(rig.replyIds.length, 1)
  })

  it('before the answer has begun gets the answer to what comes then', async () => {
    await connect()
    rig.speech.held = true
    rig.speak(1000, { as: { text: 'book a table', confidence: 1 } })
    await until(() => rig.speech.waiting === 1, 'the answer to be made')
    rig.speak(600, { as: { text: 'for four people', confidence: 1 }, open: true })
    rig.speech.held = false
    rig.speech.release()
    await turns()
    assert.equal(rig.names().includes('audio'), false)
    rig.quiet(1300)
    await rig.event('replyDone')
    assert.equal(rig.textSince(0), 'A table for four. For which day?')
  })

  it('may pause longer while reading out an order number', async () => {
    await connect()
    const pausesAfter = () => {
      const from = rig.log.length
      rig.speak(600, { open: true })
      rig.quiet(900)
      rig.speak(600)
      return rig.names(from).filter((name) => name === 'stopped').length
    }
    await rig.ask('where is my order')
    assert.equal(pausesAfter(), 1)
    await rig.event('replyDone', rig.log.length)
    await rig.ask('never mind')
    assert.equal(pausesAfter(), 2)
  })

  it('never gets two replies at once', async () => {
    await connect()
    rig.engine.say('A first long sentence is this one. A second long sentence is that one.')
    rig.engine.say('And this comes after it.')
    await rig.event('replyDone', rig.log.length)
    await until(() => rig.names().filter((name) => name === 'replyDone').length === 2, 'both replies')
    const first = rig.names().indexOf('replyDone')
    assert.match(rig.log.slice(0, first).join(), /that one\./)
    assert.doesNotMatch(rig.log.slice(0, first).join(), /comes after/)
  })
})

describe('an utterance that the session dismisses', () => {
  it('is not answered', async () => {
    await connect()
    rig.engine.on('callerTranscript', ({ utteranceId }) => rig.engine.dismiss(utteranceId))
    rig.speak(1000, { as: HOURS })
    await rig.event('transcript')
    await turns()
    assert.deepEqual(rig.names(), ['started', 'stopped', 'transcript'])
  })

  it('has its answer given up', async () => {
    await connect()
    rig.speech.held = true
    let utteranceId = ''
    rig.engine.on('callerTranscript', (transcript) => {
      utteranceId = transcript.utteranceId
    })
    rig.speak(1000, { as: HOURS })
    await until(() => rig.speech.waiting === 1, 'the answer to be made')
    rig.engine.dismiss(utteranceId)
    rig.speech.release()
    await turns()
    assert.deepEqual(rig.names(), ['started', 'stopped', 'transcript'])
  })
})

describe('keys', () => {
  it('give an order number that ends with a pause', async () => {
    await connect()
    await rig.ask('where is my order')
    const from = rig.log.length
    for (const key of '5678') rig.engine.sendDigit(key)
    rig.clock.advance(2499)
    await turns()
    assert.deepEqual(rig.names(from), [])
    rig.clock.advance(1)
    await rig.event('replyDone', from)
    assert.match(rig.textSince(from), /Your order 5 6 7 8 is ready/)
  })
})

describe('tools', () => {
  it('ends the call after the goodbye has been made', async () => {
    await connect()
    await rig.ask('goodbye')
    assert.deepEqual(rig.names().slice(-2), ['replyDone', 'toolCall'])
    const [call] = rig.toolCalls
    assert.equal(call?.name, 'end_call')
    assert.equal(call?.spoken, true)
    assert.equal(call?.arguments, '{}')
  })

  it('does not end the call when the goodbye was cut short', async () => {
    await connect()
    rig.speech.held = true
    rig.speak(1000, { as: { text: 'goodbye', confidence: 1 } })
    await until(() => rig.speech.waiting === 1, 'the goodbye')
    rig.interrupt([])
    rig.speech.release()
    await turns()
    assert.deepEqual(rig.toolCalls, [])
  })

  it('speaks of a result only once, and only of its own call', async () => {
    await connect({ tools: ['transfer_call'] })
    await rig.ask('operator')
    const from = rig.log.length
    rig.engine.returnToolResult('another', '{"error":"busy"}', { reply: true })
    const { id } = rig.toolCalls[0]!
    rig.engine.returnToolResult(id, '{"error":"busy"}', { reply: true })
    rig.engine.returnToolResult(id, '{"error":"busy"}', { reply: true })
    await rig.event('replyDone', from)
    await turns()
    assert.equal(rig.names(from).filter((name) => name === 'replyDone').length, 1)
    assert.match(rig.textSince(from), /nobody answers/)
  })

  it('may call what it was given later', async () => {
    await connect()
    rig.engine.setTools([{ name: 'transfer_call', description: 'Connects.', parameters: {} }])
    await rig.ask('operator')
    assert.deepEqual(
      rig.toolCalls.map(({ name }) => name),
      ['transfer_call']
    )
  })
})

describe('patience', () => {
  it('waits longer for the end of what is said with pauses, as long as it is asked to', async () => {
    await connect()
    const stops = (from: number) => rig.names(from).filter((name) => name === 'stopped').length
    rig.engine.setPatience(500)
    rig.speak(600, { as: { text: 'opening hours', confidence: 1 }, open: true })
    rig.quiet(900)
    assert.equal(stops(0), 0)
    rig.quiet(400)
    assert.equal(stops(0), 1)
    await turns()
    rig.engine.setPatience(0)
    const from = rig.log.length
    rig.speak(600, { as: { text: 'opening hours', confidence: 1 }, open: true })
    rig.quiet(800)
    assert.equal(stops(from), 1)
  })
})

describe('faults', () => {
  it('of the ears are survived and counted, and the caller is asked to speak again', async () => {
    await connect()
    rig.speech.recognitions.push(new Error('the recogniser died'))
    rig.speak(1000)
    await rig.event('replyDone')
    assert.ok(rig.log.includes('trouble recogniser_failed'))
    assert.match(rig.textSince(0), /did not get that/)
  })

  it('of the voice are survived and counted', async () => {
    await connect()
    rig.speech.failing = true
    rig.engine.say('This can not be said.')
    await rig.event('trouble')
    rig.speech.failing = false
    rig.engine.say('This can.')
    await rig.event('replyDone')
    assert.equal(rig.textSince(0), 'This can.')
  })
})

describe('closing', () => {
  it('stops everything at once, and frees the detector', async () => {
    await connect()
    rig.speech.held = true
    rig.engine.say('This is heard. This will not be heard.')
    await until(() => rig.speech.waiting === 1, 'the first clause')
    rig.speech.release()
    await rig.event('audio')
    const recognition = Promise.withResolvers<Recognition>()
    rig.speech.recognitions.push(recognition.promise)
    rig.speak(1000)
    const before = rig.log.length
    rig.engine.sendDigit('2')
    rig.engine.close()
    rig.speech.release()
    recognition.resolve(HOURS)
    rig.engine.say('Nor this.')
    rig.engine.greet()
    rig.engine.sendDigit('1')
    rig.engine.interrupt([])
    rig.engine.dismiss('x')
    rig.engine.returnToolResult('x', '', { reply: true })
    rig.speak(1000, { as: GARBAGE })
    await turns()
    assert.deepEqual(rig.names(before), [])
    assert.equal(rig.classifier.closed, 1)
    assert.equal(rig.clock.pending, 0)
    rig.engine.close()
    assert.equal(rig.classifier.closed, 1)
  })

  it('leaves no timer of keys behind', async () => {
    await connect()
    await rig.ask('where is my order')
    rig.engine.sendDigit('1')
    assert.equal(rig.clock.pending, 1)
    rig.engine.close()
    assert.equal(rig.clock.pending, 0)
  })
})
