import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../../../audio/format.ts'
import {
  plainResponse,
  responseFault,
  responseUsage,
  sessionUpdate,
  textItem,
  toolResultItem,
  transcriptionUsage,
  verbatimResponse
} from '../../../../services/engines/realtime/realtime-messages.ts'
import { clientEvents } from '../../../standins/openai/event-schema.ts'
import { testProfile } from '../../../support/session-rig.ts'

const profile = {
  ...testProfile,
  name: 'Agent',
  instructions: 'Be kind.',
  language: 'pt-BR'
}

function quantities(records: readonly { unit: string; quantity: number }[]): Record<string, number> {
  return Object.fromEntries(records.map(({ unit, quantity }) => [unit, quantity]))
}

describe('messages to the realtime service', () => {
  it('are as the service publishes them', () => {
    const settings = {
      profile,
      voice: 'marin',
      format: PCMU_8K,
      tools: [],
      transcriptionModel: 'gpt-transcribe'
    }
    const item = (created: object) => ({ type: 'conversation.item.create', item: created })
    for (const event of [
      sessionUpdate(settings),
      verbatimResponse('Good day.'),
      plainResponse(),
      item(textItem('user', '[DTMF 5]')),
      item(textItem('system', 'Be brief.')),
      item(toolResultItem('call', 'noon'))
    ]) {
      assert.equal(clientEvents.faultOf(event), null)
    }
  })
})

describe('usage of the realtime service', () => {
  it('is split by the totals where a server gives no details', () => {
    const usage = { input_tokens: 10, output_tokens: 4 }
    assert.deepEqual(quantities(responseUsage('m', usage)), { text_input_token: 10, text_output_token: 4 })
  })

  it('takes cached tokens without details for text first, and never makes a quantity negative', () => {
    const input_token_details = { text_tokens: 10, audio_tokens: 5, cached_tokens: 12 }
    const records = responseUsage('m', { input_tokens: 15, output_tokens: 0, input_token_details })
    assert.deepEqual(quantities(records), {
      cached_text_input_token: 10,
      audio_input_token: 3,
      cached_audio_input_token: 2
    })
  })

  it('of a transcription is by tokens or by the second', () => {
    assert.deepEqual(transcriptionUsage('t', { type: 'duration', seconds: 2.5 }), [
      { provider: 'openai', model: 't', kind: 'stt', unit: 'second', quantity: 2.5 }
    ])
    const tokens = { type: 'tokens', input_tokens: 20, output_tokens: 6 } as const
    assert.deepEqual(quantities(transcriptionUsage('t', tokens)), {
      audio_input_token: 20,
      text_output_token: 6
    })
  })
})

describe('the fault of a response', () => {
  it('is the service’s own code, and none where the response was completed or cancelled', () => {
    const error = { type: 'server_error', code: 'inference_failed' }
    assert.equal(responseFault({ status: 'failed', status_details: { error } }), 'inference_failed')
    assert.equal(responseFault({ status: 'failed' }), 'response_failed')
    const details = { reason: 'content_filter' } as const
    assert.equal(responseFault({ status: 'incomplete', status_details: details }), 'content_filter')
    assert.equal(responseFault({ status: 'completed' }), null)
    assert.equal(responseFault({ status: 'cancelled' }), null)
  })
})
