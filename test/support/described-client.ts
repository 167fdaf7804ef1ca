import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { RunningServer } from '../../server.ts'
import { type OperatorReply, operatorOf } from './operator-client.ts'

interface Document {
  readonly paths: Record<string, Record<string, { responses: Record<string, Response> }>>
}
interface Response {
  readonly content?: Record<string, { schema: object }>
}

/** Requests of the operator whose replies are held against the document that the server gives of itself. */
export async function describedOperatorOf(server: RunningServer) {
  const operator = operatorOf(server)
  const document = (await operator('GET', '/openapi.json')).body as unknown as Document

  return async (method: string, path: string, body?: object): Promise<OperatorReply> => {
    const reply = await operator(method, path, body)
    const { pathname } = new URL(path, 'http://localhost')
    const row = Object.keys(document.paths)
      .filter((template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname))
      .toSorted((a, b) => a.split('{').length - b.split('{').length)[0]
    const response = document.paths[row ?? '']?.[method.toLowerCase()]?.responses[reply.status]
    assert.ok(response, `${method} ${path} is not described with the status ${reply.status}`)
    const mediaType = reply.headers.get('content-type')?.split(';')[0] ?? ''
    if (reply.status === 204) return reply
    const schema = response.content?.[mediaType]?.schema
    assert.ok(schema, `${method} ${path} is not described as ${mediaType}`)
    if (mediaType !== 'application/json') return reply
    const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
    assert.ok(validate(reply.body), `${method} ${path}: ${JSON.stringify(validate.errors)}`)
    return reply
  }
}
