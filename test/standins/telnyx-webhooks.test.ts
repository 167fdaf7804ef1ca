import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import Telnyx from 'telnyx'
import { type BareServer, type ReceivedWebhook, startBareServer } from './telnyx/bare-server.ts'
import { startTelnyxStandIn, type TelnyxStandIn, type TelnyxStandInOptions } from './telnyx/telnyx-standin.ts'

describe('webhooks of the Telnyx stand-in', () => {
  let server: BareServer
  let standIn: TelnyxStandIn | null = null

  beforeEach(async () => {
    server = await startBareServer()
  })

  afterEach(async () => {
    await standIn?.close()
    await server.close()
  })

  async function start(options: TelnyxStandInOptions = {}): Promise<TelnyxStandIn> {
    standIn = await startTelnyxStandIn({ webhookUrl: server.webhookUrl, ...options })
    return standIn
  }

  function unwrap({ rawBody, headers }: ReceivedWebhook, publicKey: string) {
    const telnyx = new Telnyx({ apiKey: 'unused', publicKey })
    return telnyx.webhooks.unwrap(rawBody, { headers: headers as Record<string, string> })
  }

  it('announces a call in an envelope that the SDK verifies and reads', async () => {
    const { publicKey, ...carrier } = await start()
    assert.equal(Buffer.from(publicKey, 'base64').length, 32)
    const call = standIn!.placeCall({ from: '+13125550111', to: '+13125550122' })
    const [received] = await server.waitForWebhooks('call.initiated')
    const event = await unwrap(received!, publicKey)
    const { data, meta } = JSON.parse(received!.rawBody)
    assert.deepEqual(event, { data, meta })
    assert.equal(data.record_type, 'event')
    assert.equal(data.payload.call_control_id, call.callControlId)
    assert.equal(data.payload.direction, 'incoming')
    assert.equal(data.payload.state, 'parked')
    assert.equal(data.payload.connection_id, carrier.applicationId)
    assert.deepEqual([data.payload.from, data.payload.to], ['+13125550111', '+13125550122'])
    assert.deepEqual(meta, { attempt: 1, delivered_to: server.webhookUrl })
  })

  it('forges: the SDK refuses another key, an old timestamp and a missing signature', async () => {
    const { publicKey } = await start()
    for (const sign of ['valid', 'wrong', 'stale', 'none'] as const) {
      standIn!.sendWebhook('call.initiated', { sign }, { sign })
    }
    const received = await server.waitForWebhooks('call.initiated', 4)
    for (const webhook of received) {
      const verified = unwrap(webhook, publicKey)
      if (webhook.payload.sign === 'valid') await verified
      else await assert.rejects(verified, Telnyx.TelnyxError, String(webhook.payload.sign))
    }
  })

  it('keeps its keys where the seed is the same', async () => {
    const keySeed = new Uint8Array(32).fill(7)
    const { publicKey } = await start({ keySeed })
    const again = await startTelnyxStandIn({ keySeed })
    const others = await startTelnyxStandIn()
    assert.equal(again.publicKey, publicKey)
    assert.notEqual(others.publicKey, publicKey)
    await Promise.all([again.close(), others.close()])
  })

  it('tries three times, counting in meta.attempt, with the same id', async () => {
    await start({ webhooks: { retryDelayMs: 10 } })
    server.webhookStatuses.push(500, 503, 502)
    standIn!.placeCall()
    const received = await server.waitForWebhooks('call.initiated', 3)
    await standIn!.webhooksSettled()
    assert.deepEqual(
      received.map(({ attempt }) => attempt),
      [1, 2, 3]
    )
    assert.equal(new Set(received.map(({ id }) => id)).size, 1)
    assert.deepEqual(standIn!.deliveries[0]!.attempts, [500, 503, 502])
  })

  it('sends everything twice, late, and out of order when told to', async () => {
    const delayMs = (eventType: string) => (eventType === 'call.initiated' ? 80 : 0)
    await start({ webhooks: { duplicate: true, delayMs } })
    const call = standIn!.placeCall()
    call.hangUp()
    await standIn!.webhooksSettled()
    assert.deepEqual(
      server.webhooks.map(({ eventType }) => eventType),
      ['call.hangup', 'call.hangup', 'call.initiated', 'call.initiated']
    )
    assert.equal(new Set(server.webhooks.map(({ id }) => id)).size, 2)
    assert.equal(server.webhooks[0]!.payload.hangup_cause, 'originator_cancel')
  })

  it('tells of a pressed key by webhook', async () => {
    await start()
    standIn!.placeCall().sendDtmf('5')
    const [dtmf] = await server.waitForWebhooks('call.dtmf.received')
    assert.equal(dtmf!.payload.digit, '5')
  })
})
