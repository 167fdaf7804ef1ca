import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ENGINE_EVENTS } from '../../../services/engines/engine-events.ts'
import { FailoverEngine, type FailoverEngineOptions } from '../../../services/engines/failover-engine.ts'
import type { PastTurn } from '../../../services/engines/past-turns.ts'
import { CallError } from '../../../sessions/errors.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedEngine } from '../../support/scripted-engine.ts'
import { turns } from '../../support/until.ts'

const LOST = new CallError('ENGINE_UNAVAILABLE', 'lost', { retryable: true, detail: 'closed_1006' })

/** A conversation of two turns, the second reply cut in its middle, and then a third utterance under way. */
function converse(engine: ScriptedEngine): void {
  engine.emit('agentTranscript', { replyId: 'r1', delta: 'Hello.' })
  engine.emit('audio', { replyId: 'r1', payload: new Uint8Array(160) })
  engine.emit('replyDone', { replyId: 'r1' })
  engine.emit('callerSpeechStarted', { utteranceId: 'u1' })
  engine.emit('callerSpeechStopped', { utteranceId: 'u1' })
  engine.emit('agentTranscript', { replyId: 'r2', delta: 'One two three four.' })
  engine.emit('audio', { replyId: 'r2', payload: new Uint8Array(160) })
  // The words come after the answer.
  engine.emit('callerTranscript', { utteranceId: 'u1', text: 'Count, please.' })
  engine.emit('callerSpeechStarted', { utteranceId: 'u2' })
}

async function rig(replacements: number, options: Partial<FailoverEngineOptions> = {}) {
  const first = new ScriptedEngine()
  const others: ScriptedEngine[] = []
  const tookOver: (readonly PastTurn[])[] = []
  const clock = new ManualClock()
  const engine = new FailoverEngine({
    first,
    clock,
    replacements: Array.from({ length: replacements }, () => ({
      create() {
        const other = new ScriptedEngine()
        others.push(other)
        return other
      },
      takeOver: (_, past) => tookOver.push(past)
    })),
    lastWords: async () => new Uint8Array(800),
    ...options
  })
  const happened: string[] = []
  for (const name of ENGINE_EVENTS) {
    engine.on(name, (value: unknown) => {
      const { replyId, utteranceId, code } = (value ?? {}) as Record<string, string>
      happened.push([name, replyId ?? utteranceId ?? code ?? ''].join(' ').trim())
    })
  }
  const connecting = engine.connect(new AbortController().signal)
  return { engine, first, others, tookOver, clock, happened, connecting }
}

async function connected(...args: Parameters<typeof rig>) {
  const made = await rig(...args)
  await made.first.becomeReady()
  await made.connecting
  return made
}

describe('an engine that is lost', () => {
  it('is replaced by one that is told of the conversation as it was heard', async () => {
    const { engine, first, others, tookOver, happened } = await connected(1)
    converse(first)
    engine.interrupt([{ replyId: 'r2', heardMs: 10, receivedMs: 20 }])
    happened.length = 0
    first.emit('failed', LOST)
    await others[0].becomeReady()
    await turns()
    assert.deepEqual(tookOver, [
      [
        { speaker: 'agent', text: 'Hello.' },
        { speaker: 'caller', text: 'Count, please.' },
        { speaker: 'agent', text: 'One two' }
      ]
    ])
    // What was open is closed for the session, before anything new.
    assert.deepEqual(happened, [
      'replyDone r2',
      'callerSpeechStopped u2',
      'misheard',
      'callerTranscript u2',
      'trouble closed_1006'
    ])
    engine.say('Back again.')
    assert.deepEqual(others[0].said, ['Back again.'])
    others[0].emit('replyDone', { replyId: 'r3' })
    assert.equal(happened.at(-1), 'replyDone r3')
    first.emit('audio', { replyId: 'r9', payload: new Uint8Array(1) })
    assert.equal(happened.at(-1), 'replyDone r3')
  })

  it('that nobody has heard yet has its greeting said by the next one', async () => {
    const { engine, first, others, tookOver } = await connected(1)
    engine.greet()
    first.emit('agentTranscript', { replyId: 'r1', delta: 'Hel' })
    first.emit('failed', LOST)
    engine.say('You are the first in line.')
    await others[0].becomeReady()
    await turns()
    assert.deepEqual([others[0].greeted, tookOver], [1, []])
    assert.deepEqual(others[0].said, ['You are the first in line.'])
  })

  it('has every replacement tried again where the last one had worked for a while', async () => {
    const { first, others, clock, happened } = await connected(1)
    converse(first)
    first.emit('failed', LOST)
    await others[0].becomeReady()
    await turns()
    clock.advance(30_000)
    others[0].emit('failed', LOST)
    await turns()
    await others[1].becomeReady()
    await turns()
    others[1].emit('replyDone', { replyId: 'r3' })
    assert.equal(happened.at(-1), 'replyDone r3')
    clock.advance(29_999)
    others[1].emit('failed', LOST)
    await turns()
    assert.equal(happened.at(-1), 'failed ENGINE_UNAVAILABLE')
  })

  it('leaves to the next one what the caller says meanwhile, its tools and its patience', async () => {
    const { engine, first, others } = await connected(1)
    engine.setTools([{ name: 'weather', description: '', parameters: {} }])
    engine.setPatience(700)
    first.emit('failed', LOST)
    engine.sendAudio(new Uint8Array([1, 2, 3]))
    engine.sendAudio(new Uint8Array([4, 5, 6]))
    await others[0].becomeReady()
    await turns()
    assert.deepEqual(Buffer.concat(others[0].heardFromCaller), Buffer.from([1, 2, 3, 4, 5, 6]))
    assert.deepEqual([others[0].toolNames, others[0].patience], [[['weather']], [700]])
  })

  it('leaves to the next one what is to be said, keyed and noted while it connects', async () => {
    const { engine, first, others, tookOver } = await connected(2)
    engine.greet()
    converse(first)
    first.emit('failed', LOST)
    engine.whisper('The first note.')
    others[0].refuse(new CallError('ENGINE_CONNECT', 'refused', { detail: 'http_500' }))
    await turns()
    engine.say('Your parcel has arrived.')
    engine.sendDigit('4')
    engine.whisper('The second note.')
    await others[1].becomeReady()
    await turns()
    assert.equal(tookOver[0].at(-1)?.text, 'The first note.')
    assert.deepEqual(others[1].whispered, ['The second note.'])
    assert.deepEqual(others[1].said, ['Your parcel has arrived.'])
    assert.deepEqual(others[1].digits, ['4'])
    engine.say('Anything else?')
    assert.deepEqual(others[1].said, ['Your parcel has arrived.', 'Anything else?'])
  })

  it('is replaced by the one after where the next does not connect in time', async () => {
    const { first, others, clock, happened } = await connected(2)
    first.emit('failed', LOST)
    await turns()
    clock.advance(3000)
    others[0].refuse(new CallError('ENGINE_CONNECT', 'aborted', { detail: 'aborted' }))
    await turns()
    await others[1].becomeReady()
    await turns()
    assert.equal(others[0].closed, 1)
    others[1].emit('replyDone', { replyId: 'r' })
    assert.equal(happened.at(-1), 'replyDone r')
  })

  it('says goodbye in a voice that needs no service where there is none left, then fails, once', async () => {
    const { engine, first, happened } = await connected(0)
    first.emit('failed', LOST)
    await turns()
    assert.deepEqual(happened.slice(2), [
      'agentTranscript last-words',
      'audio last-words',
      'replyDone last-words',
      'failed ENGINE_UNAVAILABLE'
    ])
    first.emit('failed', LOST)
    engine.say('Anybody?')
    await turns()
    assert.equal(happened.filter((each) => each.startsWith('failed')).length, 1)
  })

  it('fails all the same where there is no voice', async () => {
    const lastWords = () => Promise.reject(new Error('hoarse'))
    const { first, happened } = await connected(0, { lastWords })
    first.emit('failed', LOST)
    await turns()
    assert.deepEqual(happened.slice(-2), ['trouble last_words_failed', 'failed ENGINE_UNAVAILABLE'])
  })

  it('is told what is to be said once it has greeted, where it was not there yet', async () => {
    const { engine, first, connecting } = await rig(0)
    engine.say('You are the first in line.')
    await first.becomeReady()
    await connecting
    assert.deepEqual(first.said, [])
    engine.greet()
    assert.deepEqual([first.greeted, first.said], [1, ['You are the first in line.']])
  })

  it('that never came says goodbye when it is to greet', async () => {
    const { engine, first, happened, connecting } = await rig(0)
    await first.refuse(new CallError('ENGINE_CONNECT', 'refused', { detail: 'http_401' }))
    await connecting
    engine.greet()
    await turns()
    assert.deepEqual(happened, [
      'agentTranscript last-words',
      'audio last-words',
      'replyDone last-words',
      'failed ENGINE_CONNECT'
    ])
  })

  it('of a call that is over is not replaced', async () => {
    const { engine, first, others, happened } = await connected(1)
    engine.close()
    first.emit('failed', LOST)
    await turns()
    assert.deepEqual([others, happened, first.closed], [[], [], 1])
  })

  it('has its results told to the next one as a note', async () => {
    const { engine, first, others } = await connected(1)
    first.emit('toolCall', { id: 'c1', name: 'weather', arguments: '{}', spoken: false })
    first.emit('failed', LOST)
    await others[0].becomeReady()
    await turns()
    engine.returnToolResult('c1', 'sunny', { reply: true })
    assert.deepEqual(others[0].toolResults, [])
    assert.match(others[0].whispered[0], /sunny/)
  })
})
