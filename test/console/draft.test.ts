import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { changesOf, draftOf } from '../../console/views/agents/draft.js'
import { DEFAULT_AGENT } from '../../services/default-agent.ts'

const stored = (fields: object) => ({ ...DEFAULT_AGENT, createdAt: '', updatedAt: '', ...fields })

/** An agent in which everything is said, its objects in the order in which PostgreSQL's jsonb hands them out. */
const FULL = stored({
  voice: 'cedar',
  engine: 'realtime',
  maxCallSeconds: 600,
  interruption: { resume: false, minWords: 2, minSpeechMs: 200, acknowledgements: ['okay', 'right'] },
  tools: ['transfer_call', 'send_dtmf', { type: 'mcp', name: 'crm', url: 'https://example.com/mcp' }],
  fillerPhrases: ['One moment.'],
  transferTargets: [{ name: 'boss', number: '+13125550123' }],
  endCallPhrases: ['goodbye'],
  silence: { phrases: ['Are you there?'], reminders: 1, afterSeconds: 7.5 },
  goodbyeMessage: 'Bye.',
  recordCalls: false,
  recordingRetentionDays: 30,
  webhookUrl: 'https://example.com/hook',
  analysis: { schema: { type: 'object' }, summary: true, successCriteria: 'A table is booked.' }
})

describe('the draft of an agent', () => {
  it('changes nothing while it is not touched', () => {
    const silent = { ...DEFAULT_AGENT.interruption, acknowledgements: [] }
    for (const agent of [stored({}), FULL, stored({ fillerPhrases: [], interruption: silent })])
      assert.deepEqual(changesOf(draftOf(agent), agent), {})
  })

  it('tells the server of what was changed alone', () => {
    const draft = {
      ...draftOf(FULL),
      greeting: 'Hi.',
      maxCallSeconds: '',
      endCallPhrases: ' bye \n\n so long '
    }
    assert.deepEqual(changesOf(draft, FULL), {
      greeting: 'Hi.',
      maxCallSeconds: null,
      endCallPhrases: ['bye', 'so long']
    })
  })

  it('tells words of none from those of the language', () => {
    assert.deepEqual(changesOf({ ...draftOf(FULL), fillers: 'none' }, FULL), { fillerPhrases: [] })
    assert.deepEqual(changesOf({ ...draftOf(FULL), fillers: 'default' }, FULL), { fillerPhrases: null })
  })

  it('names what is no JSON', () => {
    const isOfTools = (error: unknown) => error instanceof SyntaxError && error.cause === 'tools'
    assert.throws(() => changesOf({ ...draftOf(FULL), tools: '[{' }, FULL), isOfTools)
  })
})
