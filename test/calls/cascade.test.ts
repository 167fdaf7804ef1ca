import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type OpenAI from 'openai'
import type { ChatReply } from '../standins/openai/chat-api.ts'
import type { TelnyxCall } from '../standins/telnyx/telnyx-call.ts'
import type { TwilioCall } from '../standins/twilio/twilio-call.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { operatorOf } from '../support/operator-client.ts'
import { speechLike } from '../support/speech-like.ts'
import { waitForTones } from '../support/tones-heard.ts'

const SALES = '+13125550161'
const ANSWERS = { result: 'answer', afterMs: 150 } as const

interface Situation {
  readonly language: string
  readonly number: string
  readonly greeting: string
  readonly product: string
  readonly asks: string
  readonly asksForSales: string
  readonly connects: string
  /** What Deepgram must have been asked for. */
  readonly listens: object
  readonly voice: string
}

const SITUATIONS: readonly Situation[] = [
  {
    language: 'en',
    number: '+13125550191',
    greeting: 'The lamp shop.',
    product: 'Lamp',
    asks: 'Do you have a desk lamp?',
    asksForSales: 'Put me through to sales, please.',
    connects: 'One moment.',
    listens: { model: 'flux-general-en', encoding: 'mulaw', sample_rate: '8000' },
    voice: 'aura-2-thalia-en'
  },
  {
    language: 'fr',
    number: '+13125550192',
    greeting: 'Le magasin.',
    product: 'Lampe',
    asks: 'Avez-vous une lampe de bureau ?',
    asksForSales: 'Passez-moi le service des ventes.',
    connects: 'Un instant.',
    listens: { model: 'flux-general-multi', encoding: 'mulaw', sample_rate: '8000', language_hint: 'fr' },
    voice: 'aura-2-agathe-fr'
  }
]

const EVERYTHING =
  'We have lamps of every kind. The first kind stands on a desk, and the second kind hangs from the ceiling. ' +
  'The third kind is for the garden, and the last one is for reading in bed at night.'

/** Whose words have which tone, so that a caller tells them apart. */
const GREETING_HZ = 400
const PRODUCT_HZ = 700
const CONNECTS_HZ = 1000

const toneOf = (text: string) => {
  if (SITUATIONS.some(({ greeting }) => greeting === text)) return GREETING_HZ
  return SITUATIONS.some(({ connects }) => connects === text) ? CONNECTS_HZ : PRODUCT_HZ
}

/** A model that does as it is asked. */
function model({ messages }: OpenAI.ChatCompletionCreateParamsStreaming): ChatReply {
  const last = messages.at(-1)
  if (last?.role === 'tool') return { text: JSON.parse(String(last.content)).say }
  const situation = SITUATIONS.find(({ asks, asksForSales }) =>
    [asks, asksForSales].includes(String(last?.content))
  )
  if (!situation) return { text: EVERYTHING }
  return last?.content === situation.asks
    ? { toolCalls: [{ name: 'search_products', arguments: JSON.stringify({ query: situation.product }) }] }
    : { text: situation.connects, toolCalls: [{ name: 'transfer_call', arguments: '{"to":"sales"}' }] }
}

describe('a conversation through the cascade', { timeout: 300_000 }, () => {
  let rig: CallRig
  let utterances: string[] = []

  before(async () => {
    rig = await startCallRig({
      env: { AGENT_ENGINE: 'cascade' },
      telnyx: { dialled: () => ANSWERS },
      twilio: { dialled: () => ANSWERS },
      deepgram: { transcribe: () => utterances.shift() ?? 'more', voice: toneOf },
      realtime: { chat: model }
    })
    const operator = operatorOf(rig.server)
    for (const { greeting, language, number, product } of SITUATIONS) {
      const agent = {
        id: `shop-${language}`,
        name: 'Shop',
        greeting,
        language,
        tools: ['search_products', 'transfer_call'],
        transferTargets: [{ name: 'sales', number: SALES }]
      }
      assert.equal((await operator('POST', '/api/agents', agent)).status, 201)
      await operator('PUT', `/api/numbers/${encodeURIComponent(number)}`, { agentId: agent.id })
      const created = await operator('POST', '/api/products', {
        sku: `lamp-${language}`,
        name: product,
        price: 49,
        currency: 'EUR'
      })
      assert.ok(created.status < 300, JSON.stringify(created.body))
    }
  })
  after(() => rig.close())

  for (const situation of SITUATIONS) {
    for (const carrier of ['telnyx', 'twilio'] as const) {
      it(`finds a product and hands the caller over, in ${situation.language} by ${carrier}`, async () => {
        utterances = [situation.asks, situation.asksForSales]
        const placed = { from: '+13125550100', to: situation.number }
        const call = carrier === 'telnyx' ? rig.telnyx.placeCall(placed) : rig.twilio.placeCall(placed)
        const id = 'callControlId' in call ? call.callControlId : call.callSid
        await converse(call)
        const row = await recordOf(rig, id)
        call.hangUp()
        assert.deepEqual([row.engine, row.end_reason], ['cascade', 'transferred'])
        await assertSaid(rig, String(row.id), situation)
        const listen = rig.deepgram.listens.at(-1)
        const asked = Object.fromEntries(
          Object.keys(situation.listens).map((key) => [key, listen?.query[key]])
        )
        assert.deepEqual(asked, situation.listens)
        assert.equal(rig.deepgram.speaks.at(-1)?.query.model, situation.voice)
        assert.deepEqual(
          rig.log.filter(({ level }) => level === 'error'),
          []
        )
      })
    }
  }

  it('falls silent for a caller who speaks, and remembers only what was heard', async () => {
    utterances = ['Tell me everything.', 'Stop.']
    const call = rig.telnyx.placeCall({ from: '+13125550100', to: SITUATIONS[0].number })
    await call.waitForHeard(200, 10_000)
    await waitForTones(call, [GREETING_HZ])
    const heardMs = call.heardMs
    say(call)
    await call.waitForHeard(heardMs + 1500, 10_000)
    say(call)
    await call.waitFor('clear', 10_000)
    const next = await rig.realtime.until(() => {
      const request = rig.realtime.chats.at(-1)
      return request?.body.messages.at(-1)?.content === 'Stop.' && request
    }, 'the next question')
    const remembered = String(next.body.messages.findLast(({ role }) => role === 'assistant')?.content)
    assert.ok(EVERYTHING.startsWith(remembered) && remembered.length < EVERYTHING.length / 2, remembered)
    call.hangUp()
    const { id } = await recordOf(rig, call.callControlId)
    const [turn] = await rig.eventually(
      `select heard_text from turns where call_id = $1 and speaker = 'agent' and interrupted`,
      [id]
    )
    assert.equal(turn.heard_text, remembered)
  })

  async function converse(call: TelnyxCall | TwilioCall): Promise<void> {
    await call.waitForHeard(200, 10_000)
    await waitForTones(call, [GREETING_HZ])
    say(call)
    await waitForTones(call, [GREETING_HZ, PRODUCT_HZ])
    say(call)
    await waitForTones(call, [GREETING_HZ, PRODUCT_HZ, CONNECTS_HZ], { whole: false })
  }

  function say(call: TelnyxCall | TwilioCall): void {
    call.say(speechLike({ sampleRate: 8000, ms: 900 }))
  }
})

async function recordOf(rig: CallRig, carrierCallId: string) {
  const [row] = await rig.eventually(
    'select id, engine, end_reason from calls where carrier_call_id = $1 and ended_at is not null',
    [carrierCallId]
  )
  return row
}

async function assertSaid(rig: CallRig, callId: string, situation: Situation): Promise<void> {
  const turns = await rig.eventually(
    `select speaker, said_text from turns where call_id = $1 and said_text <> '' order by turn_index, started_at`,
    [callId]
  )
  const said = (speaker: string) =>
    turns.filter((turn) => turn.speaker === speaker).map((turn) => turn.said_text)
  assert.deepEqual(said('caller'), [situation.asks, situation.asksForSales])
  assert.equal(said('agent')[0], situation.greeting)
  assert.ok(String(said('agent')[1]).includes(situation.product), String(said('agent')[1]))
  const usage = await rig.eventually(
    'select provider, kind, unit, sum(quantity)::float as quantity from usage_items where call_id = $1 group by 1, 2, 3',
    [callId]
  )
  const units = new Set(usage.map(({ provider, kind, unit }) => `${provider} ${kind} ${unit}`))
  assert.ok(
    units.has('deepgram tts character') && units.has('openai llm text_output_token'),
    [...units].join()
  )
}
