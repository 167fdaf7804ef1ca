import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { responseUsage } from '../../../services/engines/realtime/realtime-messages.ts'
import { openPriceBook, PriceBook, PriceFileError } from '../../../services/pricing/price-book.ts'
import { carrierUsage, priceRecord } from '../../../services/pricing/pricing.ts'

const NOW = Date.UTC(2026, 10, 22)
const token = { provider: 'openai', model: 'm', unit: 'text_input_token' }

async function dataDirWith(t: TestContext, prices: unknown) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-prices-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const text = typeof prices === 'string' ? prices : JSON.stringify(prices)
  await writeFile(path.join(dataDir, 'prices.json'), text)
  return dataDir
}

describe('prices', () => {
  it('that come with Offhook are those of the default models, with their day', async () => {
    const prices = await openPriceBook({ pricesFile: null, dataDir: '/nowhere' })
    const of = (provider: string, model: string, unit: string) => prices.find({ provider, model, unit }, NOW)
    assert.deepEqual(of('openai', 'gpt-realtime-2.1', 'audio_output_token'), {
      usd: 64,
      per: 1_000_000,
      date: '2026-11-21'
    })
    assert.equal(of('openai', 'gpt-5.4-mini', 'cached_text_input_token')?.usd, 0.075)
    assert.deepEqual(of('deepgram', 'aura-2-thalia-en', 'character'), {
      usd: 0.03,
      per: 1000,
      date: '2026-11-21'
    })
    assert.equal(of('openai', 'gpt-9', 'text_input_token'), null)
    assert.equal(of('openai', 'gpt-realtime-2.1', 'second'), null)
  })

  it('are those of the day, however often and in whatever order days are asked for', () => {
    const of = (date: string, usd: number) => ({ date, prices: [{ ...token, usd, per: 1 }] })
    const prices = new PriceBook([of('2026-01-01', 1), of('2026-02-01', 2)])
    const usdAt = (at: number) => prices.find(token, at)?.usd
    const [january, february] = [Date.UTC(2026, 0, 31, 23, 59, 59, 999), Date.UTC(2026, 1, 1)]
    assert.deepEqual([january, january, february, january, february].map(usdAt), [1, 1, 2, 1, 2])
    assert.equal(prices.find({ ...token, model: 'n' }, february), null)
    assert.equal(prices.find({ ...token, unit: 'second' }, february), null)
  })

  it('of the user come before them, and only for what they name', async (t) => {
    const own = {
      provider: 'openai',
      model: 'gpt-realtime-2.1',
      unit: 'audio_output_token',
      usd: 50,
      per: 1e6
    }
    const dataDir = await dataDirWith(t, { date: '2026-12-01', prices: [own] })
    const prices = await openPriceBook({ pricesFile: null, dataDir })
    const audio = { provider: 'openai', model: 'gpt-realtime-2.1', unit: 'audio_output_token' }
    assert.deepEqual(prices.find(audio, NOW), { usd: 50, per: 1e6, date: '2026-12-01' })
    assert.equal(prices.find({ ...audio, unit: 'audio_input_token' }, NOW)?.usd, 32)
  })

  it('of a file that is faulty are refused, by file, place and expectation', async (t) => {
    const dataDir = await dataDirWith(t, { date: '2026-12-01', prices: [{ ...token, usd: -1, per: 1 }] })
    await assert.rejects(openPriceBook({ pricesFile: null, dataDir }), (error: Error) => {
      assert.ok(error instanceof PriceFileError)
      assert.match(error.message, /prices\.json cannot be used: \/prices\/0\/usd must be >= 0/)
      return true
    })
    const broken = await dataDirWith(t, '{')
    await assert.rejects(openPriceBook({ pricesFile: null, dataDir: broken }), PriceFileError)
    await assert.rejects(openPriceBook({ pricesFile: '/nowhere/x.json', dataDir: broken }), /x\.json/)
  })

  it('are of the newest table of the day', () => {
    const table = (date: string, usd: number) => ({ date, prices: [{ ...token, usd, per: 1 }] })
    const prices = new PriceBook([table('2026-01-01', 1), table('2026-06-01', 2)])
    const on = (day: string) => prices.find(token, Date.parse(day))?.usd
    assert.deepEqual(
      ['2025-12-31', '2026-01-01', '2026-05-31T23:59:59Z', '2026-06-01', '2027-01-01'].map(on),
      [1, 1, 1, 2, 2]
    )
  })

  it('of the longest fitting beginning of a name count, and of the whole name before all', () => {
    const price = (model: string, usd: number) => ({ ...token, model, usd, per: 1 })
    const prices = new PriceBook([
      {
        date: '2026-01-01',
        prices: [price('*', 1), price('aura-*', 2), price('aura-2-*', 3), price('aura-2-x', 4)]
      }
    ])
    const of = (model: string) => prices.find({ ...token, model }, NOW)?.usd
    assert.deepEqual(['nova', 'aura-1', 'aura-2-y', 'aura-2-x'].map(of), [1, 2, 3, 4])
  })

  it('make an unknown cost null, never zero', () => {
    const record = { ...token, kind: 'llm', quantity: 5 } as const
    assert.deepEqual(priceRecord(new PriceBook([]), record, NOW), {
      ...record,
      costUsd: null,
      priceDate: null
    })
  })

  it('of cached tokens are taken for these alone: they are a part of the input, and leave it', () => {
    const usage = responseUsage('m', {
      total_tokens: 1100,
      input_tokens: 1000,
      output_tokens: 100,
      input_token_details: {
        text_tokens: 400,
        audio_tokens: 600,
        cached_tokens: 500,
        cached_tokens_details: { text_tokens: 100, audio_tokens: 400 }
      },
      output_token_details: { text_tokens: 20, audio_tokens: 80 }
    })
    assert.equal(
      usage
        .filter(({ unit }) => unit.endsWith('input_token'))
        .reduce((sum, { quantity }) => sum + quantity, 0),
      1000
    )
    const price = (unit: string, usd: number) => ({ provider: 'openai', model: 'm', unit, usd, per: 1 })
    const prices = new PriceBook([
      {
        date: '2026-01-01',
        prices: [
          price('text_input_token', 1),
          price('cached_text_input_token', 0.1),
          price('audio_input_token', 10),
          price('cached_audio_input_token', 1)
        ]
      }
    ])
    const costs = usage.map((record) => priceRecord(prices, record, NOW).costUsd ?? 0)
    assert.equal(
      costs.reduce((sum, cost) => sum + cost, 0),
      300 * 1 + 100 * 0.1 + 200 * 10 + 400 * 1
    )
  })

  it('of carriers are by the minute that was begun; a test call has none', () => {
    const minutes = (durationMs: number) =>
      carrierUsage({ carrier: 'twilio', direction: 'inbound' }, durationMs).map(({ model, quantity }) => [
        model,
        quantity
      ])
    assert.deepEqual(minutes(0), [
      ['voice_inbound', 1],
      ['media_stream', 1]
    ])
    assert.deepEqual(minutes(60_000.2), [
      ['voice_inbound', 1],
      ['media_stream', 1]
    ])
    assert.deepEqual(minutes(60_600), [
      ['voice_inbound', 2],
      ['media_stream', 2]
    ])
    assert.deepEqual(carrierUsage({ carrier: 'test', direction: 'inbound' }, 60_000), [])
  })
})
