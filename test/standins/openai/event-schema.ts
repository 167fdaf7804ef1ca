import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import clientSchema from '../../schemas/openai-realtime-client.schema.json' with { type: 'json' }
import serverSchema from '../../schemas/openai-realtime-server.schema.json' with { type: 'json' }

/** What is wrong with an event, in the words of the service's `error` event. */
export interface EventFault {
  readonly code: string
  readonly message: string
  readonly param: string | null
}

interface SchemaDocument {
  readonly definitions: Readonly<Record<string, object>>
}

/** OpenAI's published schema of the Realtime events of one side, compiled one event type at a time. */
export class EventSchema {
  readonly #id: string
  readonly #ajv: Ajv
  readonly #definitions = new Map<string, string>()
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(id: string, prefix: string, schema: SchemaDocument) {
    this.#id = id
    this.#ajv = new Ajv({ strict: false, validateFormats: false }).addSchema({ ...schema, $id: id })
    for (const [name, definition] of Object.entries(schema.definitions)) {
      if (!name.startsWith(prefix)) continue
      const { properties } = definition as { properties?: { type: { enum: [string] } } }
      if (properties) this.#definitions.set(properties.type.enum[0], name)
    }
  }

  /** null where the event is as published. */
  faultOf(event: { type: string }): EventFault | null {
    const name = this.#definitions.get(event.type)
    if (!name) return { code: 'invalid_value', message: `Invalid value: '${event.type}'.`, param: 'type' }
    const validate = this.#validator(name)
    if (validate(event)) return null
    return describeFault(validate.errors ?? [])
  }

  #validator(name: string): ValidateFunction {
    let validate = this.#validators.get(name)
    if (!validate) {
      validate = this.#ajv.compile({ $ref: `${this.#id}#/definitions/${name}` })
      this.#validators.set(name, validate)
    }
    return validate
  }
}

export const clientEvents = new EventSchema('client', 'RealtimeClientEvent', clientSchema)
export const serverEvents = new EventSchema('server', 'RealtimeServerEvent', serverSchema)

/** A union reports the faults of every branch; the deepest, and then the first, is of the branch that was meant. */
function describeFault(errors: readonly ErrorObject[]): EventFault {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length
  const error = errors.toSorted((a, b) => depth(b) - depth(a))[0]
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const at = (name: unknown) => (path ? `${path}.${name}` : `${name}`)
  switch (error.keyword) {
    case 'additionalProperties': {
      const param = at(error.params.additionalProperty)
      return { code: 'unknown_parameter', message: `Unknown parameter: '${param}'.`, param }
    }
    case 'required': {
      const param = at(error.params.missingProperty)
      return { code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param }
    }
    case 'type':
      return { code: 'invalid_type', message: `Invalid type for '${path}': ${error.message}.`, param: path }
    default:
      return { code: 'invalid_value', message: `Invalid value: '${path}' ${error.message}.`, param: path }
  }
}
