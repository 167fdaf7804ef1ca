import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { analysisFormat, schemaFault } from '../../../services/after-call/analysis-schema.ts'
import { AnalysisFault, CallAnalyst } from '../../../services/after-call/call-analyst.ts'
import type { TurnRow } from '../../../services/store/postgres-call-store.ts'
import { UNAVAILABLE } from '../../standins/openai/api-body.ts'
import type { ChatReply } from '../../standins/openai/chat-api.ts'
import { type RealtimeStandIn, startRealtimeStandIn } from '../../standins/openai/realtime-stand-in.ts'

const ORDER = {
  type: 'object',
  properties: { dish: { type: 'string' }, count: { type: 'integer' } },
  required: ['dish', 'count'],
  additionalProperties: false
}
const TURNS = [
  { speaker: 'agent', said_text: 'Hello, how can I help you today?', heard_text: 'Hello, how can' },
  { speaker: 'caller', said_text: 'Two pizzas.', heard_text: 'Two pizzas.' },
  { speaker: 'agent', said_text: 'Never heard.', heard_text: '' }
] as unknown as TurnRow[]

describe('the look back of the chat model', () => {
  let openai: RealtimeStandIn
  let reply: ChatReply
  before(async () => {
    openai = await startRealtimeStandIn({ chat: () => reply })
  })
  after(() => openai.close())

  const analyse = (request: { summary?: boolean; schema?: object | null; successCriteria?: string | null }) =>
    new CallAnalyst({ apiKey: openai.apiKey, baseUrl: openai.url, model: 'gpt-5.4-mini' }).analyse(TURNS, {
      summary: false,
      schema: null,
      successCriteria: null,
      language: 'en',
      ...request
    } as Parameters<CallAnalyst['analyse']>[1])
  const answers = (value: unknown) => {
    reply = { text: JSON.stringify(value) }
  }

  it('tells what was asked for, and nothing else', async () => {
    answers({ summary: 'They ordered.' })
    const { analysis } = await analyse({ summary: true })
    assert.deepEqual(analysis, {
      model: 'gpt-5.4-mini',
      summary: 'They ordered.',
      data: null,
      success: null,
      success_reason: null,
      error: null
    })
  })

  it('looks at what was heard, not at what was said in vain', async () => {
    answers({ summary: '' })
    await analyse({ summary: true })
    const content = openai.chats.at(-1)?.body.messages.at(-1)?.content
    assert.equal(content, 'Agent: Hello, how can\nCaller: Two pizzas.')
  })

  it('counts cached tokens once', async () => {
    answers({ success: true, success_reason: 'Yes.' })
    const { usage } = await analyse({ successCriteria: 'Something was sold.' })
    const quantity = (unit: string) => usage.find((record) => record.unit === unit)?.quantity
    assert.deepEqual([quantity('text_input_token'), quantity('cached_text_input_token')], [40, 80])
  })

  it('refuses data that is not in the shape that was asked for', async () => {
    answers({ data: { dish: 'pizza', count: 'two' } })
    await assert.rejects(analyse({ schema: ORDER }), (error: AnalysisFault) => {
      assert.ok(error instanceof AnalysisFault)
      assert.match(error.detail, /\/data\/count type/)
      assert.doesNotMatch(error.detail, /pizza/)
      return true
    })
    reply = { text: 'I would rather not.' }
    await assert.rejects(analyse({ schema: ORDER }), AnalysisFault)
  })

  it("leaves it to the queue to try again: the service's error is told as it is", async () => {
    reply = { error: UNAVAILABLE }
    await assert.rejects(analyse({ summary: true }), { status: 503 })
  })

  it('holds the service to the schema where it can be held to it, and takes any other all the same', async () => {
    assert.equal(analysisFormat({ summary: true, schema: ORDER, successCriteria: 'x' }).strict, true)
    const loose = {
      type: 'object',
      properties: { dish: { $ref: '#/$defs/dish' } },
      $defs: { dish: { type: 'string' } }
    }
    const format = analysisFormat({ summary: false, schema: loose, successCriteria: null })
    assert.equal(format.strict, false)
    assert.deepEqual(Object.keys(format.schema).includes('$defs'), true)
    answers({ data: { dish: 'pizza' } })
    assert.deepEqual((await analyse({ schema: loose })).analysis.data, { dish: 'pizza' })
  })

  it('says what is wrong with a schema that an agent is given', () => {
    assert.equal(schemaFault(ORDER), null)
    assert.match(schemaFault({ type: 'string' }) ?? '', /type object/)
    assert.match(schemaFault({ type: 'object', properties: { a: { type: 'text' } } }) ?? '', /JSON Schema/)
  })
})
