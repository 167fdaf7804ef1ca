import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, loadConfig } from '../../services/config.ts'

const telnyx = {
  SERVER_URL: 'https://example.com',
  TELNYX_API_KEY: 'KEY_TEST',
  TELNYX_PUBLIC_KEY: `${'A'.repeat(43)}=`
}

function faultsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(environment)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.faults
  }
  return []
}

describe('config', () => {
  it('needs nothing', () => {
    const config = loadConfig({})
    assert.deepEqual([config.port, config.host, config.dataDir], [5001, '0.0.0.0', './data'])
    assert.deepEqual(
      [config.engine, config.telnyx, config.openai, config.twilio],
      ['local', null, null, null]
    )
    assert.deepEqual(
      [config.maxConcurrentCalls, config.maxCallMs, config.idleTimeoutMs, config.drainMs],
      [100, 3_600_000, 30_000, 60_000]
    )
    assert.deepEqual([config.databaseUrl, config.operatorToken, config.publicUrl], [null, null, null])
  })

  it('takes an empty variable for one that is not set', () => {
    assert.deepEqual(
      loadConfig({ PORT: '', TELNYX_API_KEY: '', TELNYX_STREAM_CODEC: '', LOG_LEVEL: '' }),
      loadConfig({})
    )
  })

  it('ignores what is not its own', () => {
    assert.deepEqual(loadConfig({ HOME: '/root', PATH: '/bin', constructor: 'x' }), loadConfig({}))
  })

  it('cannot be changed', () => {
    assert.equal(Object.isFrozen(loadConfig({})), true)
  })

  it('lists every fault at once, by name and expectation', () => {
    const faults = faultsOf({
      PORT: 'five',
      DATABASE_URL: 'mysql://x',
      TELNYX_STREAM_CODEC: 'OPUS',
      MAX_CONCURRENT_CALLS: '0',
      RECORD_CALLS: 'yes',
      OPERATOR_TOKEN: 'short',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'maybe',
      DRAIN_SECONDS: '-1',
      OPENAI_AUDIO: 'opus'
    })
    assert.deepEqual(faults.map((fault) => fault.split(':')[0]).toSorted(), [
      'DATABASE_URL',
      'DRAIN_SECONDS',
      'LOG_LEVEL',
      'MAX_CONCURRENT_CALLS',
      'OPENAI_AUDIO',
      'OPERATOR_TOKEN',
      'PORT',
      'RECORD_CALLS',
      'TELNYX_STREAM_CODEC',
      'TRUST_PROXY'
    ])
    assert.ok(faults.includes('TELNYX_STREAM_CODEC: expected one of PCMU, PCMA, L16'))
    assert.ok(faults.includes('PORT: expected a port number from 0 to 65535'))
  })

  it('says no value in its message', () => {
    const secrets = {
      OPERATOR_TOKEN: 'hunter2',
      STREAM_TOKEN_SECRET: 'hunter2',
      DATABASE_URL: 'hunter2',
      TELNYX_PUBLIC_KEY: 'hunter2',
      REDIS_URL: 'hunter2',
      SERVER_URL: 'ftp://hunter2',
      TELNYX_STREAM_URL: 'ftp://hunter2',
      OPENAI_BASE_URL: 'hunter2',
      TWILIO_ACCOUNT_SID: 'hunter2'
    }
    assert.throws(
      () => loadConfig(secrets),
      (error: Error) => !`${error.message} ${error.stack}`.includes('hunter2')
    )
    for (const name of Object.keys(secrets))
      assert.ok(faultsOf(secrets).some((fault) => fault.startsWith(name)))
  })

  it('refuses a carrier key without a public address, naming both variables', () => {
    const [fault, ...more] = faultsOf({ ...telnyx, SERVER_URL: undefined })
    assert.match(fault, /RAILWAY_PUBLIC_DOMAIN or SERVER_URL/)
    assert.deepEqual(more, [])
  })

  it('refuses a Telnyx key without the key of its webhooks, and the other way round', () => {
    assert.match(faultsOf({ ...telnyx, TELNYX_PUBLIC_KEY: undefined })[0], /^TELNYX_PUBLIC_KEY: /)
    assert.match(faultsOf({ ...telnyx, TELNYX_API_KEY: undefined })[0], /^TELNYX_API_KEY: /)
  })

  it('refuses a Twilio account without its token, the other way round, and both without a public address', () => {
    const twilio = {
      SERVER_URL: 'https://example.com',
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'token'
    }
    assert.deepEqual(loadConfig(twilio).twilio, {
      accountSid: twilio.TWILIO_ACCOUNT_SID,
      authToken: 'token',
      baseUrl: null
    })
    assert.deepEqual(faultsOf({ ...twilio, TWILIO_AUTH_TOKEN: '' }), [
      'TWILIO_AUTH_TOKEN: expected where TWILIO_ACCOUNT_SID is set'
    ])
    assert.deepEqual(faultsOf({ ...twilio, TWILIO_ACCOUNT_SID: '' }), [
      'TWILIO_ACCOUNT_SID: expected where TWILIO_AUTH_TOKEN is set'
    ])
    const [fault, ...more] = faultsOf({ ...twilio, SERVER_URL: '' })
    assert.match(fault, /RAILWAY_PUBLIC_DOMAIN or SERVER_URL.* TWILIO_ACCOUNT_SID/)
    assert.deepEqual(more, [])
  })

  it('takes Railway’s bare host, and prefers it to SERVER_URL', () => {
    const config = loadConfig({
      RAILWAY_PUBLIC_DOMAIN: 'app.up.railway.app',
      SERVER_URL: 'https://example.com'
    })
    assert.equal(config.publicUrl?.origin, 'https://app.up.railway.app')
  })

  it('trusts a proxy on Railway, unless told otherwise', () => {
    assert.equal(loadConfig({}).trustProxy, false)
    assert.equal(loadConfig({ RAILWAY_ENVIRONMENT: 'production' }).trustProxy, true)
    assert.equal(loadConfig({ RAILWAY_ENVIRONMENT: 'production', TRUST_PROXY: 'false' }).trustProxy, false)
    assert.equal(loadConfig({ TRUST_PROXY: 'true' }).trustProxy, true)
  })

  it('streams PCMU at 8 kHz, L16 at 24 kHz unless told otherwise, and G.711 at no other rate', () => {
    const formatOf = (environment: object) => loadConfig({ ...telnyx, ...environment }).telnyx?.streamFormat
    assert.deepEqual(formatOf({}), { encoding: 'pcmu', sampleRate: 8000 })
    assert.deepEqual(formatOf({ TELNYX_STREAM_CODEC: 'PCMA' }), { encoding: 'pcma', sampleRate: 8000 })
    assert.deepEqual(formatOf({ TELNYX_STREAM_CODEC: 'L16' }), { encoding: 'pcm16', sampleRate: 24000 })
    const narrow = { TELNYX_STREAM_CODEC: 'L16', TELNYX_STREAM_SAMPLE_RATE: '16000' }
    assert.deepEqual(formatOf(narrow), { encoding: 'pcm16', sampleRate: 16000 })
    const faults = faultsOf({ ...telnyx, TELNYX_STREAM_SAMPLE_RATE: '16000' })
    assert.deepEqual(faults, ['TELNYX_STREAM_SAMPLE_RATE: expected 8000 with TELNYX_STREAM_CODEC PCMU'])
    assert.match(faultsOf({ ...narrow, TELNYX_STREAM_SAMPLE_RATE: '44100' })[0], /8000, 16000 or 24000/)
  })

  it('speaks through OpenAI where there is a key, and as it is told', () => {
    assert.equal(loadConfig({ OPENAI_API_KEY: 'sk' }).engine, 'realtime')
    assert.equal(loadConfig({ OPENAI_API_KEY: 'sk', AGENT_ENGINE: 'local' }).engine, 'local')
    assert.match(faultsOf({ AGENT_ENGINE: 'realtime' })[0], /^OPENAI_API_KEY: /)
    assert.deepEqual(
      faultsOf({ AGENT_ENGINE: 'cascade' }).map((fault) => fault.split(':')[0]),
      ['OPENAI_API_KEY', 'DEEPGRAM_API_KEY']
    )
    const keys = { OPENAI_API_KEY: 'sk', DEEPGRAM_API_KEY: 'dg' }
    assert.equal(loadConfig({ ...keys, AGENT_ENGINE: 'cascade' }).engine, 'cascade')
    assert.equal(loadConfig(keys).engine, 'realtime')
  })

  it('counts in milliseconds what is set in seconds, fractions too', () => {
    const config = loadConfig({ MAX_CALL_SECONDS: '0.5', IDLE_TIMEOUT_SECONDS: '7', DRAIN_SECONDS: '0' })
    assert.deepEqual([config.maxCallMs, config.idleTimeoutMs, config.drainMs], [500, 7000, 0])
  })

  it('takes no more than a day for a limit: timers that run for weeks would run at once', () => {
    for (const name of ['MAX_CALL_SECONDS', 'IDLE_TIMEOUT_SECONDS', 'DRAIN_SECONDS']) {
      assert.deepEqual(faultsOf({ [name]: '86400' }), [])
      const [fault, ...more] = faultsOf({ [name]: '9999999' })
      assert.match(fault, new RegExp(`^${name}: expected a number of seconds .*86400$`))
      assert.deepEqual(more, [])
    }
  })

  it('takes an address by the protocol that is spoken to it, and names those it expects', () => {
    const http = ['TELNYX_BASE_URL', 'TWILIO_BASE_URL', 'OPENAI_BASE_URL', 'OPENAI_LLM_FALLBACK_BASE_URL']
    const moreHttp = ['DEEPGRAM_BASE_URL', 'S3_ENDPOINT', 'CALL_WEBHOOK_URL']
    const schemes: Record<string, readonly string[]> = {
      DATABASE_URL: ['postgres', 'postgresql'],
      REDIS_URL: ['redis', 'rediss'],
      ...Object.fromEntries([...http, ...moreHttp].map((name) => [name, ['https', 'http']]))
    }
    const all = ['postgres', 'postgresql', 'redis', 'rediss', 'https', 'http', 'wss', 'ws', 'ftp']
    for (const [name, taken] of Object.entries(schemes)) {
      const faultOf = (scheme: string) =>
        faultsOf({ [name]: `${scheme}://host/x` }).find((fault) => fault.startsWith(`${name}: `))
      const faults = all.map((scheme) => [scheme, faultOf(scheme)] as const)
      const accepted = faults.flatMap(([scheme, fault]) => (fault === undefined ? [scheme] : []))
      assert.deepEqual(
        accepted,
        all.filter((scheme) => taken.includes(scheme)),
        name
      )
      for (const scheme of taken) assert.ok(faultOf('ftp')?.includes(`${scheme}://`), name)
    }
  })

  it('wants a shared secret where replicas share calls', () => {
    assert.match(faultsOf({ REDIS_URL: 'redis://localhost:6379' })[0], /^STREAM_TOKEN_SECRET: /)
  })

  it('wants a webhook to be signed, and the key of a bucket to be whole', () => {
    const faults = (env: Record<string, string>) => {
      try {
        loadConfig(env)
        return []
      } catch (error) {
        return (error as ConfigError).faults.map((fault) => fault.split(':')[0])
      }
    }
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    assert.deepEqual(faults({ CALL_WEBHOOK_URL: 'https://example.com' }), ['CALL_WEBHOOK_SECRET'])
    assert.deepEqual(faults({ CALL_WEBHOOK_SECRET: 'whsec_c2hvcnQ=' }), ['CALL_WEBHOOK_SECRET'])
    assert.deepEqual(faults({ CALL_WEBHOOK_SECRET: secret.replace('=', '') }), ['CALL_WEBHOOK_SECRET'])
    assert.deepEqual(faults({ CALL_WEBHOOK_URL: 'https://example.com', CALL_WEBHOOK_SECRET: secret }), [])
    assert.deepEqual(faults({ S3_ENDPOINT: 'https://example.com' }), ['S3_BUCKET'])
    assert.deepEqual(faults({ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'id' }), ['S3_SECRET_ACCESS_KEY'])
    assert.deepEqual(faults({ S3_BUCKET: 'b' }), [])
  })
})
