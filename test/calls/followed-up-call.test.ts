import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { S3StandIn } from '../standins/s3-standin.ts'
import { WebhookReceiver } from '../standins/webhook-receiver.ts'
import { type CallRig, startCallRig } from '../support/call-rig.ts'
import { eventually } from '../support/databases.ts'
import { operatorOf } from '../support/operator-client.ts'
import { readStereoWav } from '../support/stereo-wav.ts'
import { fitTone } from '../support/tone.ts'

const CALLER = '+13125550177'
const OURS = '+13125550100'
const WORDS = 'my name is Xylander and I want a table'
const CALLER_HZ = 440
const AGENT_HZ = 997

const ANALYSIS = {
  summary: true,
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, guests: { type: ['integer', 'null'] } },
    required: ['name', 'guests'],
    additionalProperties: false
  },
  successCriteria: 'A table was booked.'
}
const FOUND = {
  summary: 'Xylander wanted a table.',
  data: { name: 'Xylander', guests: null },
  success: false,
  success_reason: 'No table was booked.'
}

interface Told {
  readonly call: { id: string; from_number: string | null }
  readonly transcript: readonly { speaker: string; heard_text: string }[]
  readonly usage: { items: readonly { provider: string; model: string; unit: string; quantity: number }[] }
  readonly analysis: Record<string, unknown>
  readonly recording: { url: string; expires_at: string }
}

/** The loudest second of one side, as a tone. */
function toneOf(samples: Int16Array, sampleRate: number, frequencyHz: number): number {
  let best = Number.NEGATIVE_INFINITY
  for (let at = 0; at + sampleRate / 4 <= samples.length; at += sampleRate / 20) {
    const piece = samples.subarray(at, at + sampleRate / 4)
    if (piece.some((sample) => Math.abs(sample) > 2000))
      best = Math.max(best, fitTone(piece, sampleRate, frequencyHz).snrDb)
  }
  return best
}

describe('a call that is followed up', { timeout: 300_000 }, () => {
  const s3 = new S3StandIn()
  const receiver = new WebhookReceiver()
  let rig: CallRig
  let ask: ReturnType<typeof operatorOf>
  let callId = ''
  let told: Told

  before(async () => {
    await Promise.all([s3.listen(), receiver.listen()])
    rig = await startCallRig({
      env: {
        ...s3.env,
        RECORD_CALLS: 'true',
        RECORD_TAPES: 'true',
        CALL_WEBHOOK_URL: receiver.url,
        CALL_WEBHOOK_SECRET: receiver.secret
      },
      realtime: {
        script: () => ({ transcript: 'At your service.', audio: { toneHz: AGENT_HZ, ms: 1000 } }),
        transcribe: () => WORDS,
        chat: () => ({ text: JSON.stringify(FOUND) })
      }
    })
    ask = operatorOf(rig.server)
    await ask('PUT', '/api/agents/default', { analysis: ANALYSIS })
    const call = rig.telnyx.placeCall({ from: CALLER, to: OURS })
    await call.waitForHeard(1000, 15_000)
    call.sayTone(CALLER_HZ, 800)
    await call.waitForHeard(2000, 15_000)
    call.hangUp()
    told = (await eventually('the webhook', () => receiver.taken[0])).data as unknown as Told
    callId = told.call.id
  })
  after(async () => {
    await rig.close()
    await Promise.all([s3.close(), receiver.close()])
  })

  const bytes = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers })
    return {
      status: response.status,
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer())
    }
  }
  const authorization = () => ({ authorization: `Bearer ${rig.server.operatorToken}` })
  const recordingUrl = () => `${rig.server.url}/api/calls/${callId}/recording`

  it('is told to the webhook with its words, and with what the chat model found out', async () => {
    assert.equal(receiver.taken.length, 1)
    assert.equal(told.call.from_number, CALLER)
    assert.ok(told.transcript.some(({ speaker, heard_text }) => speaker === 'caller' && heard_text === WORDS))
    assert.deepEqual(told.analysis, { model: 'gpt-5.4-mini', ...FOUND, error: null })
    assert.deepEqual((await ask('GET', `/api/calls/${callId}`)).body.analysis, told.analysis)
    const [{ body }] = rig.realtime.chats
    const format = body.response_format
    assert.equal(format?.type === 'json_schema' && format.json_schema.strict, true)
    assert.match(String(body.messages.at(-1)?.content), new RegExp(`Caller: ${WORDS}`))
  })

  it('has the tokens of that look back among its usage, the cached ones once', async () => {
    const rows = await rig.eventually(
      `select unit, quantity from usage_items where call_id = $1 and model = 'gpt-5.4-mini' order by unit`,
      [callId]
    )
    const units = Object.fromEntries(rows.map(({ unit, quantity }) => [unit, quantity]))
    assert.deepEqual([units.cached_text_input_token, units.text_input_token], [80, 40], JSON.stringify(units))
  })

  it('is recorded in the bucket: the caller left, the agent right', async () => {
    const { recording_path } = await eventually('the upload', async () => {
      const [row] = await rig.query('select recording_path from calls where id = $1', [callId])
      return String(row?.recording_path).startsWith('s3:') ? row : null
    })
    assert.equal(recording_path, `s3://${s3.bucket}/recordings/${callId}.wav`)
    await eventually(
      'the local file to go',
      () => !existsSync(path.join(rig.dataDir, 'recordings', `${callId}.wav`))
    )
    const { status, headers, body } = await bytes(recordingUrl(), authorization())
    assert.deepEqual([status, headers.get('content-type')], [200, 'audio/wav'])
    const { left, right, sampleRate } = readStereoWav(body)
    assert.equal(sampleRate, 8000)
    assert.ok(toneOf(left, sampleRate, CALLER_HZ) > 20, 'the caller is left')
    assert.ok(toneOf(right, sampleRate, AGENT_HZ) > 20, 'the agent is right')
    assert.ok(toneOf(left, sampleRate, AGENT_HZ) < 10 && toneOf(right, sampleRate, CALLER_HZ) < 10)
    const part = await bytes(recordingUrl(), { ...authorization(), range: 'bytes=0-43' })
    assert.deepEqual([part.status, part.body.toString('latin1', 0, 4)], [206, 'RIFF'])
    assert.equal(part.headers.get('content-range'), `bytes 0-43/${body.byteLength}`)
  })

  it('is heard by whoever has the link, until it expires, and by nobody else', async () => {
    const { url, expires_at } = told.recording
    assert.equal((await bytes(url)).status, 200)
    assert.ok(Date.parse(expires_at) > Date.now())
    assert.equal((await bytes(recordingUrl())).status, 401)
    const later = new URL(url)
    later.searchParams.set('expires', '99999999999')
    assert.equal((await bytes(later.href)).status, 401)
    assert.equal((await bytes(url.replace(callId, '00000000-0000-4000-8000-000000000000'))).status, 401)
    const unknown = await ask('GET', '/api/calls/00000000-0000-4000-8000-000000000000/recording')
    assert.deepEqual([unknown.status, unknown.body.error], [404, 'unknown_call'])
  })

  it('is listed with its deliveries, and told again when the operator wants it', async () => {
    const { body } = await ask('GET', `/api/webhooks/deliveries?call_id=${callId}`)
    const [delivery] = body.data as { id: string; delivered: boolean }[]
    assert.equal(delivery.delivered, true)
    assert.equal((await ask('POST', `/api/webhooks/deliveries/${delivery.id}/replay`)).status, 202)
    await eventually('the replay', () => receiver.taken.length === 2)
    assert.equal(receiver.received[0].id, receiver.received[1].id)
    const unknown = await ask('POST', `/api/webhooks/deliveries/${callId}/replay`)
    assert.deepEqual([unknown.status, unknown.body.error], [404, 'unknown_delivery'])
  })

  it('is forgotten with its caller: no number, word, recording or tape is left, but its minutes are', async () => {
    const minutes = await rig.query('select minutes, seconds from usage_minutes where call_id = $1', [callId])
    const secrets = new RegExp(`${CALLER.slice(1)}|Xylander`)
    assert.match(await everything(rig), secrets)
    const own = await ask('DELETE', `/api/callers/${encodeURIComponent(OURS)}`)
    assert.deepEqual([own.status, own.body.error], [409, 'own_number'])
    const { status, body } = await ask('DELETE', `/api/callers/${encodeURIComponent(CALLER)}`)
    assert.deepEqual([status, body.data], [200, { calls: 1, recordings: 1, tapes: 1 }])
    assert.doesNotMatch(await everything(rig), secrets)
    assert.equal(s3.objects.size, 0)
    assert.deepEqual(
      await rig.query('select minutes, seconds from usage_minutes where call_id = $1', [callId]),
      minutes
    )
    const gone = await ask('GET', `/api/calls/${callId}/recording`)
    assert.deepEqual([gone.status, gone.body.error], [404, 'no_recording'])
    assert.deepEqual((await ask('DELETE', `/api/callers/${encodeURIComponent(CALLER)}`)).body.data, {
      calls: 0,
      recordings: 0,
      tapes: 0
    })
  })
})

/** Every row of every table, and every file of DATA_DIR but PostgreSQL's own. */
async function everything(rig: CallRig): Promise<string> {
  const tables = await rig.query(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`
  )
  const rows = await Promise.all(
    tables.map(async ({ name }) => JSON.stringify(await rig.query(`select t::text as row from ${name} t`)))
  )
  const entries = await readdir(rig.dataDir, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && !path.relative(rig.dataDir, entry.parentPath).startsWith('postgres'))
    .map((entry) => path.join(entry.parentPath, entry.name))
  const texts = await Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')))
  return [...rows, ...files, ...texts].join('\n')
}
