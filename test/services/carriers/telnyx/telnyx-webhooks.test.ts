import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { createTelnyxWebhooks } from '../../../../services/carriers/telnyx/telnyx-webhooks.ts'
import { createSigningKeys } from '../../../standins/telnyx/webhook-sender.ts'

const keys = createSigningKeys()
const webhooks = createTelnyxWebhooks({ publicKey: keys.publicKey, apiKey: 'KEY' })

function headersFor(body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = sign(null, Buffer.from(`${timestamp}|${body}`), keys.privateKey)
  return { 'telnyx-signature-ed25519': signature.toString('base64'), 'telnyx-timestamp': timestamp }
}

function unwrap(data: unknown) {
  const body = JSON.stringify({ data })
  return webhooks.unwrap(body, headersFor(body))
}

describe('Telnyx webhooks', () => {
  it('reads what an event says of its call', async () => {
    const payload = {
      call_control_id: 'v3:one',
      direction: 'incoming',
      from: '+13125550100',
      to: '+13125550199',
      more: 1
    }
    const event = await unwrap({
      id: 'e-1',
      event_type: 'call.initiated',
      occurred_at: '2026-01-02T03:04:05.678Z',
      payload
    })
    assert.deepEqual(event, {
      id: 'e-1',
      type: 'call.initiated',
      occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      carrierCallId: 'v3:one',
      direction: 'inbound',
      from: '+13125550100',
      to: '+13125550199',
      sessionId: null,
      clientState: null,
      hangup: null,
      machine: null,
      payload
    })
  })

  it('takes what is missing, empty or of another type for nothing', async () => {
    const before = Date.now()
    const event = await unwrap({
      id: 'e-2',
      event_type: 'new.event',
      occurred_at: 'soon',
      payload: { from: '', to: 5 }
    })
    assert.deepEqual(
      [event?.carrierCallId, event?.direction, event?.from, event?.to],
      [null, null, null, null]
    )
    assert.ok((event?.occurredAt ?? 0) >= before)
    assert.deepEqual((await unwrap({ id: 'e-3', event_type: 'x' }))?.payload, {})
  })

  it('tells an unsigned body from a signed one that is no event', async () => {
    assert.equal(await webhooks.unwrap('{}', {}), null)
    assert.equal(await webhooks.unwrap('{} ', headersFor('{}')), null)
    await assert.rejects(webhooks.unwrap('{}', headersFor('{}')), SyntaxError)
    await assert.rejects(webhooks.unwrap('no json', headersFor('no json')), SyntaxError)
  })
})
