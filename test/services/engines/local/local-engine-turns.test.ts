import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { LocalEngineOptions } from '../../../../services/engines/local/local-engine.ts'
import type { Recognition } from '../../../../services/speech/local-speech.ts'
import { turns, until } from '../../../support/until.ts'
import { EngineRig } from './engine-rig.ts'

const HOURS = { text: 'what are your opening hours', confidence: 1 }
const GARBAGE = { text: '', confidence: 0 }

let rig: EngineRig
afterEach(() => rig.engine.close())

async function connect(options: Partial<LocalEngineOptions> = {}): Promise<EngineRig> {
  rig = await EngineRig.connected(options)
  return rig
}

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

  it('is not talked over by what the operator has the agent say, and hears it before the answer', async () => {
    await connect()
    rig.speak(600, { as: HOURS, open: true })
    rig.engine.say('Just a moment.')
    await turns()
    assert.equal(rig.names().includes('audio'), false)
    rig.quiet(1300)
    await until(() => rig.names().filter((name) => name === 'replyDone').length === 2, 'both replies')
    assert.match(rig.textSince(0), /^Just a moment\..+/)
  })

  it('hears what the operator has the agent say after five seconds, however noisy the line', async () => {
    await connect()
    rig.speak(600, { open: true })
    rig.engine.say('Just a moment.')
    rig.clock.advance(4990)
    await turns()
    assert.equal(rig.names().includes('audio'), false)
    rig.clock.advance(10)
    await rig.event('replyDone')
    assert.equal(rig.textSince(0), 'Just a moment.')
  })

  it('does not lose what waited behind a reply that is cut', async () => {
    await connect()
    rig.speech.held = true
    rig.engine.say('A first sentence.')
    rig.engine.say('And this comes after it.')
    await until(() => rig.speech.waiting === 1, 'the first to be made')
    rig.speak(600, { as: GARBAGE, open: true })
    rig.interrupt([])
    rig.speech.held = false
    rig.speech.release()
    rig.quiet(1300)
    await until(() => rig.names().filter((name) => name === 'replyDone').length >= 2, 'both replies')
    assert.match(rig.textSince(0), /^A first sentence\.And this comes after it\./)
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
