import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { splitClauses } from '../../../services/speech/clauses.ts'

describe('splitClauses', () => {
  it('gives one clause a sentence', () => {
    assert.deepEqual(splitClauses('We are open. Come in! Shall I help?'), [
      'We are open.',
      'Come in!',
      'Shall I help?'
    ])
  })

  it('cuts the first clause short, so that the voice can begin', () => {
    const [first, ...rest] = splitClauses(
      'Thanks for calling, this is the agent of the house, how can I help you today?'
    )
    assert.equal(first, 'Thanks for calling,')
    assert.deepEqual(rest, ['this is the agent of the house, how can I help you today?'])
  })

  it('cuts long sentences at their commas', () => {
    const clauses = splitClauses(
      `Yes. We have ${Array.from({ length: 12 }, (_, i) => `dish number ${i},`).join(' ')} and wine.`
    )
    assert.ok(clauses.length > 2)
    for (const clause of clauses.slice(1, -1)) assert.match(clause, /,$/)
    for (const clause of clauses) assert.ok(clause.length <= 90, clause)
  })

  it('keeps titles and times with what follows', () => {
    assert.deepEqual(splitClauses('Ask Dr. Smith. He comes at 9 a.m. tomorrow.'), [
      'Ask Dr. Smith.',
      'He comes at 9 a.m. tomorrow.'
    ])
  })

  it('has nothing to say for blanks', () => {
    assert.deepEqual(splitClauses(' \n '), [])
  })

  it('never loses a word and never makes a clause too long for the voice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 700 }), (text) => {
        const clauses = splitClauses(text)
        const letters = (parts: string) => parts.replace(/\s/g, '')
        assert.equal(letters(clauses.join('')), letters(text))
        for (const clause of clauses) assert.ok(clause.trim() && clause.length <= 200)
      })
    )
  })
})
