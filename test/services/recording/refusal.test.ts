import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusesRecording } from '../../../services/recording/refusal.ts'

describe('a caller who was told of the recording', () => {
  for (const text of [
    'No.',
    'No, thank you.',
    'Nope',
    "Please don't record this.",
    'I do not want to be recorded',
    "I don't consent",
    'I object to being recorded.',
    'Could you do it without recording me?',
    'Non merci',
    'Je ne veux pas être enregistré',
    'Sans enregistrement, s’il vous plaît.',
    'Nein danke',
    'Bitte nicht aufzeichnen'
  ]) {
    it(`refuses with "${text}"`, () => assert.ok(refusesRecording(text, { first: true })))
  }

  for (const text of [
    'Yes, that is fine.',
    "I'd like a table for two.",
    'Not today, tomorrow.',
    'Do you have any records by Miles Davis?',
    'Notre commande, s’il vous plaît',
    'Okay'
  ]) {
    it(`does not refuse with "${text}"`, () => assert.equal(refusesRecording(text, { first: true }), false))
  }

  it('means something else by a "no" later on, but not by "stop recording"', () => {
    assert.equal(refusesRecording('No.', { first: false }), false)
    assert.ok(refusesRecording('Stop recording this, please.', { first: false }))
  })
})
