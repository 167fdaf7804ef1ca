import assert from 'node:assert/strict'
import { it } from 'node:test'
import { logCalls } from '../../../services/call-log.ts'
import { PriceBook } from '../../../services/pricing/price-book.ts'
import { createCallEvents } from '../../../sessions/call-events.ts'
import { capture } from '../../support/databases.ts'
import { ended, inboundCall, NOON } from '../store/recorder-rig.ts'

const price = (model: string, unit: string, usd: number) => ({
  provider: 'openai',
  model,
  unit,
  usd,
  per: 10
})

it('the line of a call that has ended says what it cost, the carrier included, and null where nothing has a price', () => {
  const line = { ...price('voice_inbound', 'minute', 0.1), provider: 'telnyx' }
  const prices = new PriceBook([{ date: '2026-01-01', prices: [price('m', 'text_input_token', 0.3), line] }])
  const events = createCallEvents({ now: () => NOON, onListenerError: assert.ifError })
  const logs = capture()
  const stop = logCalls(events, logs.log, prices)
  const [priced, other, test] = [inboundCall(), inboundCall(), { ...inboundCall(), carrier: 'test' as const }]
  const record = {
    provider: 'openai',
    model: 'm',
    kind: 'llm',
    unit: 'text_input_token',
    quantity: 1
  } as const
  for (const call of [priced, other, test]) events.publish(call, { type: 'call.initiated' })
  for (let index = 0; index < 3; index++) events.publish(priced, { type: 'usage', records: [record] })
  events.publish(other, { type: 'usage', records: [{ ...record, unit: 'unheard_of' }] })
  for (const call of [priced, other, test]) events.publish(call, ended(NOON, 61_000))
  stop()
  events.publish(priced, ended(NOON, 61_000))
  assert.deepEqual(
    logs.of('call.ended').map(({ callId, costUsd }) => [callId, costUsd]),
    [
      // Three tokens at 0.03, and two minutes at 0.01.
      [priced.callId, 0.11],
      [other.callId, 0.02],
      [test.callId, null]
    ]
  )
})
