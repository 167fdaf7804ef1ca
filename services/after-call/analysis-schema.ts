import { Ajv, type ErrorObject } from 'ajv'
import type { CallAnalysisRequest } from '../../sessions/contracts/agent-profile.ts'

type Schema = Readonly<Record<string, unknown>>

/** What the chat model is asked to fill in. */
export interface AnalysisFormat {
  readonly name: string
  readonly schema: Schema
  /** Whether the service can hold the model to it; where it can't, the answer may be refused for its shape. */
  readonly strict: boolean
}

const DEFINITIONS = ['$defs', 'definitions']

/**
 * One JSON Schema for all that is asked, as OpenAI's structured outputs take it: an object whose fields are all
 * required and no others allowed. The operator's own schema becomes its field `data`.
 */
export function analysisFormat(request: CallAnalysisRequest): AnalysisFormat {
  const properties: Record<string, Schema> = {}
  const definitions: Record<string, unknown> = {}
  if (request.summary)
    properties.summary = { type: 'string', description: 'Who called, what they wanted, and what came of it.' }
  if (request.schema) {
    const data: Record<string, unknown> = { ...request.schema }
    // References are from the root.
    for (const name of DEFINITIONS) {
      if (name in data) definitions[name] = data[name]
      delete data[name]
    }
    delete data.$schema
    delete data.$id
    properties.data = data
  }
  if (request.successCriteria !== null) {
    properties.success = { type: 'boolean', description: `Whether this holds: ${request.successCriteria}` }
    properties.success_reason = { type: 'string', description: 'Why, in a sentence.' }
  }
  const schema = {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...definitions
  }
  return { name: 'call_analysis', schema, strict: isStrict(schema) }
}

/** What is wrong with a schema that an agent is given; null where nothing is. */
export function schemaFault(schema: Schema): string | null {
  if (schema.type !== 'object') return 'must be a JSON Schema with the type object'
  try {
    validator().compile(schema)
    return null
  } catch (error) {
    return `must be a JSON Schema: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Where a value departs from a schema, by path and keyword alone; null where it doesn't. */
export function departures(schema: Schema, value: unknown): string | null {
  const ajv = validator()
  const validate = ajv.compile(schema)
  if (validate(value)) return null
  const errors: ErrorObject[] = validate.errors ?? []
  return errors.map(({ instancePath, keyword }) => `${instancePath || '/'} ${keyword}`).join(', ')
}

function validator(): Ajv {
  return new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false })
}

/** Structured outputs want every object closed, and all of its fields required. */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (typeof schema !== 'object' || schema === null) return true
  const { properties, required, additionalProperties, type } = schema as {
    properties?: Record<string, unknown>
    required?: unknown
    additionalProperties?: unknown
    type?: unknown
  }
  if (type === 'object' || properties !== undefined) {
    const names = Object.keys(properties ?? {})
    const wanted = Array.isArray(required) ? required : []
    if (additionalProperties !== false || !names.every((name) => wanted.includes(name))) return false
  }
  return Object.values(schema).every(isStrict)
}
