import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { type RouteRig, startRouteRig } from '../support/route-rig.ts'

interface Operation {
  readonly summary?: string
  readonly security?: unknown
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
}

/** The contract's rows; more may be described beside them. */
const ROWS = [
  'POST /api/calls/telnyx/webhook',
  'POST /telnyx/webhook',
  'POST /api/calls/telnyx/initiate',
  'POST /api/calls/telnyx/end',
  'POST /api/calls/telnyx/{callControlId}/mute',
  'POST /api/calls/telnyx/{callControlId}/unmute',
  'POST /api/calls/twilio/voice',
  'POST /api/calls/twilio/status',
  'POST /api/calls/twilio/initiate',
  'POST /api/calls/twilio/end',
  'POST /api/calls/test',
  'GET /api/calls',
  'GET /api/calls/{id}',
  'POST /api/calls/{id}/end',
  'POST /api/calls/{id}/say',
  'POST /api/calls/{id}/whisper',
  'POST /api/calls/{id}/transfer',
  'POST /api/calls/{id}/mute',
  'POST /api/calls/{id}/unmute',
  'GET /api/calls/{id}/recording',
  'DELETE /api/calls/{id}/recording',
  'DELETE /api/callers/{e164}',
  'GET /api/webhooks/deliveries',
  'POST /api/webhooks/deliveries/{id}/replay',
  'GET /api/agents',
  'POST /api/agents',
  'GET /api/agents/{id}',
  'PUT /api/agents/{id}',
  'DELETE /api/agents/{id}',
  'GET /api/numbers',
  'PUT /api/numbers/{e164}',
  'GET /api/products',
  'POST /api/products',
  'DELETE /api/products',
  'DELETE /api/products/{id}',
  'GET /api/products/search',
  'GET /api/usage',
  'GET /health',
  'GET /health/metrics',
  'GET /metrics',
  'GET /media-stream-ws',
  'GET /ws/twilio/{call_id}',
  'GET /audio-stream',
  'GET /frontend-audio',
  'GET /call-events'
]

describe('the OpenAPI document', () => {
  let rig: RouteRig
  let document: Document

  before(async () => {
    rig = await startRouteRig()
    document = (await rig.app.inject({ url: '/openapi.json' })).json()
  })
  after(() => rig.close())

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        operation
      }))
    )

  it('describes every row of the contract', () => {
    const described = new Set(operations().map(({ name }) => name))
    assert.deepEqual(
      ROWS.filter((row) => !described.has(row)),
      []
    )
  })

  it('describes every route that the server has, but for its own and the pages', () => {
    const pages = /^HEAD |\/docs|\/openapi\.json|^GET \/$|^GET \/console\/|^GET \/vendor\//
    const described = new Set(operations().map(({ name }) => name))
    const missing = rig.doors
      .map((door) => door.replaceAll(/:(\w+)/g, '{$1}'))
      .filter((door) => !pages.test(door) && !described.has(door))
    assert.ok(rig.doors.length > ROWS.length)
    assert.deepEqual(missing, [])
  })

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document })
    assert.ok(valid, JSON.stringify(errors, null, 2))
    assert.match(document.openapi, /^3\.1/)
  })

  it('gives each a summary, what it replies, and its errors in the one shape', () => {
    const faults = operations().flatMap(({ name, operation }) => {
      const replies = Object.keys(operation.responses)
      const errors = replies.filter(
        (status) => Number(status) >= 400 && !(name === 'GET /health' && status === '503')
      )
      const misshapen = errors.filter((status) => {
        const schema = operation.responses[status].content?.['application/json']?.schema
        return JSON.stringify(Object.keys(Object(schema).properties ?? {})) !== '["error","message"]'
      })
      return [
        ...(operation.summary ? [] : [`${name} has no summary`]),
        ...(replies.some((status) => Number(status) < 300) ? [] : [`${name} has no reply`]),
        ...(operation.security && !replies.includes('401') ? [`${name} does not say 401`] : []),
        ...misshapen.map((status) => `${name} has an error ${status} of another shape`)
      ]
    })
    assert.deepEqual(faults, [])
  })

  it('is browsable without anything from elsewhere, under the policy that the server sends', async () => {
    const page = await rig.app.inject({ url: '/docs/' })
    assert.equal(page.statusCode, 200)
    const policy = String(page.headers['content-security-policy'])
    assert.match(policy, /script-src 'self'/)
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source)
    assert.ok(sources.length > 0)
    assert.deepEqual(
      sources.filter((source) => /^(https?:)?\/\//.test(source)),
      []
    )
    // An inline script would be refused by that policy.
    assert.doesNotMatch(page.body, /<script(?![^>]*\bsrc=)[^>]*>\s*\S/)
    for (const source of sources) {
      const url = new URL(source, 'http://localhost/docs/').pathname
      assert.equal((await rig.app.inject({ url })).statusCode, 200, url)
    }
  })
})
