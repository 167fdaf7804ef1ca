import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import schema from '../../schemas/telnyx-call-control.schema.json' with { type: 'json' }
import { TelnyxError, type TelnyxErrorItem } from './telnyx-error.ts'

export type CommandBody = Readonly<Record<string, unknown>>

/** Every parameter longer than this is refused; the schema does not say so, the reference does. */
const LONGEST_AUTH_TOKEN = 4000

const commands: Readonly<Record<string, { $ref: string }>> = schema.definitions.TelnyxCallControl.properties
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema({ ...schema, $id: 'telnyx' })
const validators = new Map<string, ValidateFunction>()

export function isCommand(name: string): boolean {
  return Object.hasOwn(commands, name)
}

/** Holds a body against Telnyx's published parameters. Throws the TelnyxError (422) that names each one at fault. */
export function validateCommand(name: string, body: unknown): asserts body is CommandBody {
  let validate = validators.get(name)
  if (!validate) {
    validate = ajv.compile({ $ref: `telnyx${commands[name]!.$ref}` })
    validators.set(name, validate)
  }
  if (!validate(body)) throw new TelnyxError(422, distinct((validate.errors ?? []).map(errorItem)))
  const faults = furtherFaults(body as CommandBody)
  if (faults.length > 0) throw new TelnyxError(422, faults)
}

function errorItem(error: ErrorObject): TelnyxErrorItem {
  switch (error.keyword) {
    case 'additionalProperties': {
      const parameter: string = error.params.additionalProperty
      const detail = `The parameter '${parameter}' is not supported.`
      return badRequest(`${error.instancePath}/${parameter}`, detail)
    }
    case 'required': {
      const parameter: string = error.params.missingProperty
      const detail = `The '${parameter}' parameter is required and cannot be blank.`
      const source = { pointer: `${error.instancePath}/${parameter}` }
      return { code: '10004', title: 'Missing required parameter', detail, source }
    }
    case 'enum':
    case 'const': {
      const allowed: unknown[] = error.params.allowedValues ?? [error.params.allowedValue]
      const detail = `The value must be one of: ${allowed.join(', ')}.`
      const source = { pointer: error.instancePath }
      return { code: '10032', title: 'Invalid enumerated value', detail, source }
    }
    default:
      return badRequest(error.instancePath, `The value ${error.message}.`)
  }
}

function furtherFaults(body: CommandBody): TelnyxErrorItem[] {
  const faults: TelnyxErrorItem[] = []
  const { client_state, stream_url, stream_auth_token } = body
  if (typeof client_state === 'string' && !isBase64(client_state)) {
    faults.push(badRequest('/client_state', 'The value must be a Base-64 encoded string.'))
  }
  if (typeof stream_url === 'string' && !/^wss?:\/\/[^/]+/.test(stream_url)) {
    faults.push(badRequest('/stream_url', 'The value must be a WebSocket URL.'))
  }
  if (typeof stream_auth_token === 'string' && stream_auth_token.length > LONGEST_AUTH_TOKEN) {
    faults.push(
      badRequest('/stream_auth_token', `The value is longer than ${LONGEST_AUTH_TOKEN} characters.`)
    )
  }
  return faults
}

function badRequest(pointer: string, detail: string): TelnyxErrorItem {
  return { code: '10015', title: 'Bad Request', detail, source: { pointer } }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

/** Unions in the schema report the same parameter once for every branch. */
function distinct(items: TelnyxErrorItem[]): TelnyxErrorItem[] {
  return [...new Map(items.map((item) => [`${item.code} ${item.source?.pointer}`, item])).values()]
}
