import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TurnTaking } from '../../sessions/turn-taking.ts'

const POLICY = { minSpeechMs: 0, minWords: 0, acknowledgements: null, resume: true }

describe('words that leave the floor to the agent', () => {
  const yielding = [
    ['en', 'Uh-huh.'],
    ['en', 'Uh-huh, okay.'],
    ['en', 'Yeah. Right, right.'],
    ['fr', "D'accord."],
    ['fr', 'D’accord.'],
    ['it', 'D’accordo, ok.'],
    ['nl', 'Oké'.normalize('NFD')]
  ]
  for (const [language, text] of yielding) {
    it(`are "${text}"`, () => {
      assert.equal(new TurnTaking(POLICY, language).takesTheFloor(text, true), false)
    })
  }

  for (const text of ['Okay, but when?', 'Rightly so.', 'Not okay', 'Sure you are']) {
    it(`are not "${text}"`, () => {
      assert.equal(new TurnTaking(POLICY, 'en').takesTheFloor(text, true), true)
    })
  }

  it('are found in however long a text, at once', () => {
    const turnTaking = new TurnTaking(POLICY, 'en')
    assert.equal(turnTaking.takesTheFloor('mm hmm '.repeat(5000), true), false)
    assert.equal(turnTaking.takesTheFloor(`${'mm hmm '.repeat(5000)} no`, true), true)
  })
})
