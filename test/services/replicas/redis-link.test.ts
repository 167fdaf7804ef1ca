import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { createMediaTokens } from '../../../services/media-token.ts'
import { openRedisLink } from '../../../services/replicas/redis-link.ts'
import { capture, defer, eventually } from '../../support/databases.ts'
import { withRedis } from '../../support/redis.ts'
import { openProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

const redis = withRedis()

describe('replicas that share a Redis', redis.options, () => {
  async function replica(test: Parameters<typeof defer>[0], url = redis.url) {
    const { log, of } = capture()
    const link = await openRedisLink({ url, log })
    defer(test, () => link.close())
    const secret = 'a secret that both replicas have'
    return { link, of, tokens: createMediaTokens({ secret, now: Date.now, claim: link.claim }) }
  }

  it('take a media-stream token once among all of them', async (test) => {
    const [one, two] = [await replica(test), await replica(test)]
    const token = one.tokens.mint('call')
    assert.equal(await two.tokens.redeem(token, 'call'), null)
    assert.equal(await one.tokens.redeem(token, 'call'), 'used')
    const race = one.tokens.mint('call')
    const results = await Promise.all([one, two].map(({ tokens }) => tokens.redeem(race, 'call')))
    assert.deepEqual(results.toSorted(), ['used', null].toSorted())
  })

  it('forget what they have claimed after its time', async (test) => {
    const { link } = await replica(test)
    const key = randomUUID()
    assert.deepEqual([await link.claim(key, 50), await link.claim(key, 50)], [true, false])
    await eventually('the key to be free', () => link.claim(key, 50))
  })

  it('go on alone while Redis is away, say so once, and share again when it is back', async (test) => {
    const proxy = await openProxy(redis.url)
    defer(test, () => proxy.close())
    const { of, tokens } = await replica(test, proxy.url)
    const other = await replica(test)
    await proxy.cut()
    await until(() => of('redis.away').length === 1, 'the outage to be told')
    const token = tokens.mint('call')
    assert.equal(await tokens.redeem(token, 'call'), null)
    assert.equal(await tokens.redeem(token, 'call'), 'used')
    await proxy.restore()
    await until(() => of('redis.back').length === 1, 'Redis to be back')
    assert.equal(of('redis.away').length, 1)
    const next = tokens.mint('call')
    assert.equal(await tokens.redeem(next, 'call'), null)
    assert.equal(await other.tokens.redeem(next, 'call'), 'used')
  })
})
