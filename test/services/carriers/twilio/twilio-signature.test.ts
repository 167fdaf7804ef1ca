import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import twilio from 'twilio'
import { createTwilioSignatures } from '../../../../services/carriers/twilio/twilio-signature.ts'
import { signatureOf } from '../../../standins/twilio/signed-webhooks.ts'

const AUTH_TOKEN = '12345'

function signaturesFor(publicUrl: string) {
  return createTwilioSignatures({ authToken: AUTH_TOKEN, publicUrl: new URL(publicUrl) })
}

describe('X-Twilio-Signature', () => {
  it('is that of the example in Twilio’s documentation', () => {
    const params = {
      CallSid: 'CA1234567890ABCDE',
      Caller: '+12349013030',
      Digits: '1234',
      From: '+12349013030',
      To: '+18005551212'
    }
    const documented = '0/KCTR6DLpKmkAf8muzZqo1nDgQ='
    const { isWebhook } = signaturesFor('https://mycompany.com')
    assert.equal(isWebhook('/myapp.php?foo=1&bar=2', params, documented), true)
    assert.equal(signatureOf(AUTH_TOKEN, 'https://mycompany.com/myapp.php?foo=1&bar=2', params), documented)
  })

  it('covers the path, the query, every field and the token', () => {
    const { isWebhook } = signaturesFor('https://example.com')
    const params = { CallSid: 'CA1', From: '+1' }
    const right = signatureOf(AUTH_TOKEN, 'https://example.com/voice?a=1', params)
    assert.equal(isWebhook('/voice?a=1', params, right), true)
    assert.equal(isWebhook('/voice?a=2', params, right), false)
    assert.equal(isWebhook('/voice', params, right), false)
    assert.equal(isWebhook('/status?a=1', params, right), false)
    assert.equal(isWebhook('/voice?a=1', { ...params, From: '+2' }, right), false)
    assert.equal(isWebhook('/voice?a=1', { CallSid: 'CA1' }, right), false)
    assert.equal(isWebhook('/voice?a=1', { ...params, More: '' }, right), false)
    const theirs = signatureOf('another token', 'https://example.com/voice?a=1', params)
    assert.equal(isWebhook('/voice?a=1', params, theirs), false)
  })

  it('is over the public address, whatever host was asked', () => {
    const { isWebhook, webhookUrl } = signaturesFor('https://public.example')
    assert.equal(webhookUrl('/voice?x=1'), 'https://public.example/voice?x=1')
    const inside = signatureOf(AUTH_TOKEN, 'http://10.0.0.7:5001/voice', {})
    assert.equal(isWebhook('/voice', {}, inside), false)
    // Twilio has signed the default port too, at times.
    const withPort = signatureOf(AUTH_TOKEN, 'https://public.example:443/voice', {})
    assert.equal(isWebhook('/voice', {}, withPort), true)
  })

  it('of an upgrade is over wss://, never over https://', () => {
    const { isUpgrade } = signaturesFor('https://example.com')
    const path = '/ws/twilio/5ad66c0d-3f6c-4a4e-8a52-94a8ba5f3a11'
    assert.equal(isUpgrade(path, signatureOf(AUTH_TOKEN, `wss://example.com${path}`, {})), true)
    assert.equal(isUpgrade(path, signatureOf(AUTH_TOKEN, `https://example.com${path}`, {})), false)
    assert.equal(isUpgrade(path, signatureOf(AUTH_TOKEN, `ws://example.com${path}`, {})), false)
    assert.equal(isUpgrade(path, signatureOf(AUTH_TOKEN, `wss://example.com${path}1`, {})), false)
  })

  it('of an upgrade on loopback may be over either form, with the port', () => {
    const { isUpgrade } = signaturesFor('http://127.0.0.1:5001')
    for (const scheme of ['ws', 'wss']) {
      const signature = signatureOf(AUTH_TOKEN, `${scheme}://127.0.0.1:5001/ws/twilio/1`, {})
      assert.equal(isUpgrade('/ws/twilio/1', signature), true)
    }
  })

  it('is refused where it is missing or nonsense, and so is a path that makes no URL', () => {
    const { isUpgrade, isWebhook } = signaturesFor('https://example.com')
    for (const signature of [undefined, '', 'x', 'é'.repeat(28), 'undefined']) {
      assert.equal(isWebhook('/voice', {}, signature), false)
      assert.equal(isUpgrade('/ws/twilio/1', signature), false)
    }
    assert.equal(isWebhook(':99999999/voice', {}, 'L/OH5YylLD5NRKLltdqwSvS0BnU='), false)
  })

  it('covers every value of a field that comes more than once', () => {
    const { isWebhook } = signaturesFor('https://example.com')
    const params = { CallSid: 'CA1', Tag: ['b', 'a'] }
    const signature = twilio.validateRequest(AUTH_TOKEN, 'x', 'https://example.com/voice', params)
    assert.equal(signature, false)
    const right = signatureOf(AUTH_TOKEN, 'https://example.com/voice', { CallSid: 'CA1', Tag: 'aTagb' })
    assert.equal(isWebhook('/voice', params, right), true)
  })
})
