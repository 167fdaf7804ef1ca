import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Finding } from '../../cli/doctor/check.ts'
import { deepgram } from '../../cli/doctor/deepgram.ts'
import { diagnose } from '../../cli/doctor/diagnosis.ts'
import { type DeepgramStandIn, startDeepgramStandIn } from '../standins/deepgram/deepgram-standin.ts'
import { type RealtimeStandIn, startRealtimeStandIn } from '../standins/openai/realtime-stand-in.ts'
import { freePort } from '../support/free-port.ts'

describe('npm run doctor, of Deepgram', () => {
  let service: DeepgramStandIn
  let openai: RealtimeStandIn
  let refused: number | null = null

  before(async () => {
    service = await startDeepgramStandIn({ refuse: () => refused })
    openai = await startRealtimeStandIn()
  })
  after(async () => {
    await service.close()
    await openai.close()
  })

  async function findings(env: Record<string, string>): Promise<Finding[]> {
    const results = await diagnose({
      env: {
        OPENAI_API_KEY: openai.apiKey,
        OPENAI_BASE_URL: openai.url,
        DEEPGRAM_API_KEY: service.apiKey,
        DEEPGRAM_BASE_URL: service.url,
        ...env
      },
      checks: [deepgram],
      operatorToken: null,
      now: Date.now,
      onResult: () => {}
    })
    return results.filter(({ name }) => name === 'Deepgram').flatMap((result) => [...result.findings])
  }

  it('finds nothing where a call would go through', async () => {
    const found = await findings({})
    assert.deepEqual(
      found.map(({ status }) => status),
      ['ok', 'ok']
    )
    assert.match(found[1].message, /opens in \d+ ms/)
  })

  it('tells a key that is not taken, and says where to get another', async () => {
    const [found] = await findings({ DEEPGRAM_API_KEY: 'wrong' })
    assert.deepEqual([found.status, found.message], ['fault', 'DEEPGRAM_API_KEY is not taken.'])
    assert.match(found.fix ?? '', /console\.deepgram\.com/)
  })

  it('tells a service that cannot be reached, and one that refuses connections', async () => {
    const [unreachable] = await findings({ DEEPGRAM_BASE_URL: `http://127.0.0.1:${await freePort()}` })
    assert.match(unreachable.message, /can't be reached from this machine \(ECONNREFUSED\)/)
    refused = 503
    const [, second] = await findings({})
    assert.deepEqual([second.status, second.fix !== undefined], ['fault', true])
    refused = null
  })

  it('is skipped without the key', async () => {
    const [found] = await findings({ DEEPGRAM_API_KEY: '' })
    assert.deepEqual([found.status, found.message], ['skipped', 'DEEPGRAM_API_KEY is not set.'])
  })
})
