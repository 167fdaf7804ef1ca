import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { judge as judgeCertificate } from '../../cli/doctor/certificate.ts'
import type { Finding } from '../../cli/doctor/check.ts'
import { judge as judgeClock } from '../../cli/doctor/clock-skew.ts'
import { CHECKS, diagnose } from '../../cli/doctor/diagnosis.ts'
import { judge as judgeDisk } from '../../cli/doctor/disk.ts'
import type { TelnyxAccount } from '../standins/telnyx/account-api.ts'
import { startTelnyxStandIn } from '../standins/telnyx/telnyx-standin.ts'
import { TwilioStandIn } from '../standins/twilio/twilio-standin.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { freePort } from '../support/free-port.ts'

const DOCTOR = path.resolve(import.meta.dirname, '../../cli/doctor.ts')
const TOKEN = 'operator-token-of-the-tests'
const NO_OPENSSL =
  spawnSync('openssl', ['version']).status === 0 ? false : 'there is no openssl to make a certificate with'
const DAY_MS = 24 * 60 * 60 * 1000

type Environment = Record<string, string>

/** What one check finds that is not as it should be. */
async function troubles(env: Environment, name: string, operatorToken = TOKEN): Promise<Finding[]> {
  const checks = CHECKS.filter((check) => check.name === name)
  assert.equal(checks.length, 1)
  const results = await diagnose({ env, checks, operatorToken, now: Date.now, onResult: () => {} })
  return results
    .flatMap(({ findings }) => findings)
    .filter(({ status }) => status === 'fault' || status === 'warning')
}

async function onlyTrouble(env: Environment, name: string): Promise<Finding> {
  const found = await troubles(env, name)
  assert.equal(found.length, 1, JSON.stringify(found))
  assert.ok(found[0].fix, 'it says what to do')
  return found[0]
}

/** A server that is in the way. */
async function serve(test: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A certificate for localhost that only itself vouches for. */
function selfSigned(folder: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync('openssl', ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...curve, ...subject], {
    stdio: 'ignore'
  })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

describe('npm run doctor', { timeout: 120_000 }, () => {
  let rig: CallRig
  let dataDir: string
  let env: Environment
  let twilio: TwilioStandIn

  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-doctor-'))
    twilio = new TwilioStandIn()
    await twilio.listen()
    const twilioEnv = { TWILIO_ACCOUNT_SID: twilio.accountSid, TWILIO_AUTH_TOKEN: twilio.authToken }
    rig = await startCallRig({ env: twilioEnv })
    const { port } = new URL(rig.server.url)
    env = {
      PORT: port,
      HOST: '127.0.0.1',
      SERVER_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: dataDir,
      OPERATOR_TOKEN: TOKEN,
      TELNYX_API_KEY: rig.telnyx.apiKey,
      TELNYX_PUBLIC_KEY: rig.telnyx.publicKey,
      TELNYX_APPLICATION_ID: rig.telnyx.applicationId,
      TELNYX_BASE_URL: rig.telnyx.baseUrl,
      ...twilioEnv,
      TWILIO_BASE_URL: twilio.baseUrl,
      OPENAI_API_KEY: rig.realtime.apiKey,
      OPENAI_BASE_URL: rig.realtime.url
    }
    rig.telnyx.webhookUrl = `${env.SERVER_URL}/api/calls/telnyx/webhook`
    twilio.voiceUrl = `${env.SERVER_URL}/api/calls/twilio/voice`
  })

  after(async () => {
    await twilio.close()
    await rig.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  function run(environment: Environment, ...args: string[]): Promise<{ exitCode: number; stdout: string }> {
    return new Promise((resolve) => {
      const options = { env: { PATH: process.env.PATH ?? '', ...environment }, cwd: dataDir }
      const child = execFile(process.execPath, [DOCTOR, ...args], options, (_error, stdout) =>
        resolve({ exitCode: child.exitCode ?? -1, stdout })
      )
    })
  }

  it('finds nothing wrong with a server that can be called, and exits with 0', async () => {
    const { exitCode, stdout } = await run(env, '--json')
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: (Finding & { name: string })[] }
    assert.deepEqual(
      checks.filter(({ status }) => status !== 'ok' && status !== 'skipped'),
      []
    )
    assert.deepEqual([exitCode, ok, stdout.trimEnd().split('\n').length], [0, true, 1])
    const skipped = checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)
    assert.deepEqual(skipped, ['TLS certificate', 'Deepgram'])
  })

  it('lists every fault of the configuration with what to do, never a value, and exits with 1', async () => {
    const { exitCode, stdout } = await run({ PORT: 'five', TELNYX_PUBLIC_KEY: 'wrong-secret' })
    assert.equal(exitCode, 1)
    for (const name of ['PORT', 'TELNYX_PUBLIC_KEY', 'TELNYX_API_KEY']) assert.match(stdout, new RegExp(name))
    assert.match(stdout, /→ Correct it/)
    assert.doesNotMatch(stdout, /wrong-secret|five/)
  })

  it('tells a public address that leads nowhere, to something else, or to another Offhook', async (test) => {
    const nowhere = await onlyTrouble({ ...env, SERVER_URL: 'https://offhook.invalid' }, 'public address')
    assert.match(nowhere.message, /does not resolve/)
    const closed = await onlyTrouble(
      { ...env, SERVER_URL: `http://127.0.0.1:${await freePort()}` },
      'public address'
    )
    assert.match(closed.message, /ECONNREFUSED/)
    const page = createServer((_request, response) => response.end('It works!'))
    const other = await onlyTrouble({ ...env, SERVER_URL: await serve(test, page) }, 'public address')
    assert.match(other.message, /not Offhook/)
    const twin = createServer((_request, response) =>
      response.end(JSON.stringify({ uptimeSeconds: 1, instanceId: 'another' }))
    )
    const wrong = await onlyTrouble({ ...env, SERVER_URL: await serve(test, twin) }, 'public address')
    assert.match(wrong.message, /another Offhook/)
  })

  it('tells a certificate that carriers would not trust, and does not blame anything else for it', {
    skip: NO_OPENSSL
  }, async (test) => {
    const { key, cert } = selfSigned(dataDir)
    const url = await serve(test, createTlsServer({ key, cert }))
    const behindIt = { ...env, SERVER_URL: url.replace('http:', 'https:').replace('127.0.0.1', 'localhost') }
    const found = await onlyTrouble(behindIt, 'TLS certificate')
    assert.match(found.message, /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
    for (const name of ['public address', 'WebSocket', 'webhooks'])
      assert.deepEqual(await troubles(behindIt, name), [], name)
  })

  it('tells a proxy that takes the Upgrade header away', async (test) => {
    const proxy = createServer(async (request, response) => {
      const answer = await fetch(`${env.SERVER_URL}${request.url}`)
      response.writeHead(answer.status).end(await answer.text())
    })
    const found = await onlyTrouble({ ...env, SERVER_URL: await serve(test, proxy) }, 'WebSocket')
    assert.match(found.message, /takes the Upgrade header away/)
    assert.match(found.fix ?? '', /proxy_http_version/)
  })

  it('tells an operator token that is not the running server’s', async () => {
    const [found] = await troubles(env, 'WebSocket', 'the token of another server')
    assert.deepEqual([found.status, /another operator token/.test(found.message)], ['fault', true])
  })

  it('tells a webhook that does not come through', async (test) => {
    const redirecting = createServer((_request, response) =>
      response.writeHead(301, { location: 'https://elsewhere.example' }).end()
    )
    const found = await troubles({ ...env, SERVER_URL: await serve(test, redirecting) }, 'webhooks')
    assert.deepEqual(
      found.map(({ message }) => /redirected/.test(message)),
      [true, true]
    )
  })

  it('tells what Telnyx’s account lacks', async (test) => {
    const lacks: [TelnyxAccount, RegExp, Finding['status']][] = [
      [{ credit: 0 }, /no credit/, 'fault'],
      [{ active: false }, /not active/, 'fault'],
      [{ webhookUrl: 'https://elsewhere.example/telnyx/webhook' }, /elsewhere/, 'fault'],
      [{ webhookApiVersion: '1' }, /API v1/, 'fault'],
      [{ numbers: [] }, /No number/, 'fault'],
      [{ outboundVoiceProfileId: null }, /D38/, 'warning']
    ]
    for (const [account, message, status] of lacks) {
      const webhookUrl = `${env.SERVER_URL}/telnyx/webhook`
      const telnyx = await startTelnyxStandIn({ account, webhookUrl })
      test.after(() => telnyx.close())
      const found = await onlyTrouble({ ...env, TELNYX_BASE_URL: telnyx.baseUrl }, 'Telnyx')
      assert.match(found.message, message)
      assert.equal(found.status, status)
    }
  })

  it('tells a key, an application and an address of Telnyx’s that are not right', async () => {
    const key = await onlyTrouble({ ...env, TELNYX_API_KEY: 'KEY-wrong' }, 'Telnyx')
    assert.match(key.message, /TELNYX_API_KEY/)
    const application = await onlyTrouble({ ...env, TELNYX_APPLICATION_ID: '1' }, 'Telnyx')
    assert.match(application.message, /TELNYX_APPLICATION_ID/)
    const { TELNYX_APPLICATION_ID: _id, ...without } = env
    assert.deepEqual(await troubles(without, 'Telnyx'), [])
    const away = await onlyTrouble(
      { ...env, TELNYX_BASE_URL: `http://127.0.0.1:${await freePort()}/v2` },
      'Telnyx'
    )
    assert.match(away.message, /can't be reached from this machine \(ECONNREFUSED\)/)
  })

  it('tells keys of Twilio’s that are not right, and a number whose calls go elsewhere', async () => {
    const wrong = { ...env, TWILIO_AUTH_TOKEN: 'another-auth-token' }
    assert.match((await onlyTrouble(wrong, 'Twilio')).message, /TWILIO_AUTH_TOKEN/)
    assert.match((await onlyTrouble(wrong, 'webhooks')).message, /signed with TWILIO_AUTH_TOKEN/)
    const right = twilio.voiceUrl
    twilio.voiceUrl = 'https://demo.twilio.com/welcome/voice/'
    const elsewhere = await onlyTrouble(env, 'Twilio')
    assert.ok(elsewhere.fix?.includes(right))
    twilio.voiceUrl = right
  })

  it('tells a key and a model of OpenAI’s that are not right', async () => {
    const key = await onlyTrouble({ ...env, OPENAI_API_KEY: 'sk-wrong' }, 'OpenAI')
    assert.match(key.message, /OPENAI_API_KEY is not taken/)
    const model = await onlyTrouble({ ...env, OPENAI_REALTIME_MODEL: 'gpt-of-old' }, 'OpenAI')
    assert.match(model.message, /may not use gpt-of-old/)
    const away = await onlyTrouble(
      { ...env, OPENAI_BASE_URL: `http://127.0.0.1:${await freePort()}/v1` },
      'OpenAI'
    )
    assert.match(away.message, /can't be reached/)
  })

  it('tells a database that is out of reach, and a dialogue that is not there', async () => {
    const database = await onlyTrouble(
      { ...env, DATABASE_URL: `postgres://u:secret@127.0.0.1:${await freePort()}/d` },
      'database'
    )
    assert.match(database.message, /ECONNREFUSED/)
    assert.doesNotMatch(JSON.stringify(database), /secret/)
    const dialogue = await onlyTrouble({ ...env, LOCAL_DIALOGUE: 'nowhere.yaml' }, 'embedded agent')
    assert.match(dialogue.fix ?? '', /LOCAL_DIALOGUE/)
  })

  it('tells a Redis that is out of reach', async () => {
    const port = await freePort()
    const shared = { STREAM_TOKEN_SECRET: 'a secret of all replicas' }
    const redis = await onlyTrouble(
      { ...env, ...shared, REDIS_URL: `redis://u:secret@127.0.0.1:${port}` },
      'Redis'
    )
    assert.match(redis.fix ?? '', /REDIS_URL/)
    assert.doesNotMatch(JSON.stringify(redis), /secret/)
  })

  it('wants the server to run where carriers are to reach it', async () => {
    const found = await onlyTrouble({ ...env, PORT: String(await freePort()) }, 'server')
    assert.match(found.fix ?? '', /npm start/)
  })
})

describe('what the doctor says of measurements', () => {
  it('warns of a certificate two weeks before its end, and finds fault with one that carriers refuse', () => {
    const now = Date.UTC(2026, 0, 1)
    const status = (days: number, refusal: string | null = null) =>
      judgeCertificate('example.com', { refusal, validTo: now + days * DAY_MS }, now).status
    assert.deepEqual([status(60), status(15), status(13), status(0)], ['ok', 'ok', 'warning', 'fault'])
    assert.equal(status(60, 'DEPTH_ZERO_SELF_SIGNED_CERT'), 'fault')
    assert.equal(status(60, 'ERR_TLS_CERT_ALTNAME_INVALID'), 'fault')
  })

  it('warns of a clock that is off by half a minute, and finds fault before signatures fail', () => {
    const status = (seconds: number) => judgeClock('Telnyx', seconds).status
    assert.deepEqual([status(1), status(-40), status(250), status(-250)], ['ok', 'warning', 'fault', 'fault'])
    assert.match(judgeClock('Telnyx', -40).message, /40 s behind/)
  })

  it('warns of a disk that fills up, and finds fault with a full one', () => {
    const status = (bytes: number) => judgeDisk('/data', bytes).status
    assert.deepEqual([status(2e9), status(5e8), status(1e8)], ['ok', 'warning', 'fault'])
  })
})
