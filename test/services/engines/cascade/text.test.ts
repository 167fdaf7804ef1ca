import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { listeningModel, voices } from '../../../../services/engines/cascade/cascade-models.ts'
import { ClauseCutter } from '../../../../services/engines/cascade/clause-cutter.ts'
import { FlushBudget } from '../../../../services/engines/cascade/flush-budget.ts'
import { SampleJoiner } from '../../../../services/engines/cascade/sample-joiner.ts'
import { SpokenText } from '../../../../services/engines/cascade/spoken-text.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

function cut(text: string, size = 3): string[] {
  const cutter = new ClauseCutter()
  const deltas = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []
  return [...deltas.flatMap((delta) => cutter.push(delta)), cutter.flush()].filter((piece) => piece !== '')
}

describe('cutting text that is being written', () => {
  it('gives the first clause away at once, then sentences', () => {
    assert.deepEqual(cut('Of course, I can help you with that. What is it, exactly? Tell me.'), [
      'Of course, ',
      'I can help you with that. ',
      'What is it, exactly? ',
      'Tell me.'
    ])
  })

  it('takes neither titles, nor figures, nor a few letters for a clause', () => {
    assert.deepEqual(cut('Ask for Dr. Smith please. It costs 3.50 euros.'), [
      'Ask for Dr. Smith please. ',
      'It costs 3.50 euros.'
    ])
    assert.deepEqual(cut('Yes, we are open today, all day.'), ['Yes, we are open today, ', 'all day.'])
    assert.deepEqual(cut('Oui, Mme. Dupont est là. Un instant.'), [
      'Oui, Mme. Dupont est là. ',
      'Un instant.'
    ])
  })

  it('does not wait for a mark for ever, and knows those of other scripts', () => {
    assert.equal(cut('word '.repeat(60))[0].length, 60)
    assert.deepEqual(cut('はい、営業しております。何かご用ですか？', 1), [
      'はい、営業しております。',
      '何かご用ですか？'
    ])
  })

  it('loses nothing, however it comes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 1, max: 9 }),
        (text, size) => {
          assert.equal(cut(text, size).join(''), text)
        }
      )
    )
  })
})

describe('what of a text has been spoken', () => {
  it('is told word by word with the audio, and whole at the end', () => {
    const spoken = new SpokenText()
    spoken.push('One two three four five.')
    const told = Array.from({ length: 6 }, () => spoken.audio(200))
    assert.ok(told.filter((delta) => delta !== '').length > 2)
    assert.ok('One two three four five.'.startsWith(told.join('')))
    assert.equal(told.join('') + spoken.voiced(), 'One two three four five.')
  })

  it('is whole words in proportion of the time heard', () => {
    const spoken = new SpokenText()
    spoken.push('One two three four.')
    spoken.audio(2000)
    spoken.voiced()
    assert.deepEqual(
      [0, 500, 1000, 1990, 2000].map((heardMs) => spoken.heard(heardMs, 2000)),
      ['', 'One', 'One two', 'One two three', 'One two three four.']
    )
  })

  it('goes on after what had been told where another voice says the rest', () => {
    const spoken = new SpokenText()
    spoken.push('One two three four five six seven.')
    const before = spoken.audio(600)
    assert.equal(spoken.restart('Sorry. '), `Sorry. ${spoken.rest.replace('Sorry. ', '')}`)
    assert.equal(
      before + spoken.voiced(),
      `${before}Sorry. ${'One two three four five six seven.'.slice(before.length)}`
    )
  })
})

describe('the choice of models', () => {
  it('hears English with Flux, its languages with its multilingual model, and others with nova-3', () => {
    assert.deepEqual(
      ['en-GB', 'fr', 'pl'].map((language) => listeningModel(language, null)),
      ['flux-general-en', 'flux-general-multi', 'nova-3']
    )
    assert.equal(listeningModel('fr', 'nova-3'), 'nova-3')
    assert.equal(listeningModel('fr', 'flux-general-en'), 'flux-general-multi')
    assert.equal(listeningModel('pl', 'flux-general-en'), 'nova-3')
  })

  it('speaks a language with a voice of it, and keeps another voice for when it fails', () => {
    const settings = {
      preferred: 'deepgram',
      deepgramVoice: 'aura-2-apollo-en',
      openaiVoice: 'marin'
    } as const
    const chosen = (language: string, voice: string | null = null) =>
      voices({ ...settings, language, voice }).map((choice) =>
        choice.provider === 'openai' ? choice.voice : choice.model
      )
    assert.deepEqual(chosen('en-US'), ['aura-2-apollo-en', 'marin'])
    assert.deepEqual(chosen('fr'), ['aura-2-agathe-fr', 'marin'])
    assert.deepEqual(chosen('pl'), ['marin'])
    assert.deepEqual(chosen('en', 'aura-2-luna-en'), ['aura-2-luna-en', 'marin'])
    assert.deepEqual(chosen('en', 'cedar'), ['cedar', 'aura-2-apollo-en'])
  })
})

describe('flushes of one connection', () => {
  it('are at most twenty a minute, the last eight kept for ends', () => {
    const clock = new ManualClock()
    const flushes = new FlushBudget(clock)
    for (let i = 0; i < 12; i++) flushes.sent()
    assert.deepEqual([flushes.toSpare, flushes.waitMs], [false, 0])
    clock.advance(1000)
    for (let i = 0; i < 8; i++) flushes.sent()
    assert.equal(flushes.waitMs, 60_000)
    clock.advance(59_999)
    assert.deepEqual([flushes.toSpare, flushes.waitMs], [false, 1])
    clock.advance(1)
    assert.deepEqual([flushes.toSpare, flushes.waitMs], [true, 0])
  })
})

it('whole samples are made of audio that is cut anywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (pieces) => {
      const joiner = new SampleJoiner(2)
      const whole = pieces.map((piece) => Buffer.from(joiner.push(piece)))
      const all = Buffer.concat(pieces)
      assert.ok(whole.every(({ byteLength }) => byteLength % 2 === 0))
      assert.deepEqual(Buffer.concat(whole), all.subarray(0, all.byteLength - (all.byteLength % 2)))
    })
  )
})
