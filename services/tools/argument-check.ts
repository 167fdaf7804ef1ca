import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

/** More schemas than this are not remembered: servers may make theirs up anew each time. */
const REMEMBERED = 500

/** Holds the arguments that a model writes against the JSON Schema of their tool. */
export class ArgumentCheck {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false })
  readonly #validators = new Map<string, ValidateFunction | null>()

  /** Why this is no JSON Schema that can be used; null where it is. */
  schemaFault(schema: Readonly<Record<string, unknown>>): string | null {
    try {
      this.#compile(schema)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : 'it cannot be compiled'
    }
  }

  /** What is wrong with the arguments, for the model to put right; null where nothing is, or the schema is none. */
  fault(schema: Readonly<Record<string, unknown>>, args: Readonly<Record<string, unknown>>): string | null {
    const validate = this.#validator(schema)
    if (!validate || validate(args)) return null
    return (validate.errors ?? [])
      .map(({ instancePath, keyword, message, params }) => {
        const name = instancePath === '' ? 'arguments' : instancePath.slice(1)
        if (keyword === 'enum') return `${name} must be one of ${JSON.stringify(params.allowedValues)}`
        if (keyword === 'additionalProperties')
          return `${name} must not have the property ${params.additionalProperty}`
        return `${name} ${message}`
      })
      .join('; ')
  }

  #validator(schema: Readonly<Record<string, unknown>>): ValidateFunction | null {
    const key = JSON.stringify(schema)
    const known = this.#validators.get(key)
    if (known !== undefined) return known
    let validate: ValidateFunction | null = null
    try {
      validate = this.#compile(schema)
    } catch {
      // A server's own schema may be one that we can't read: then the server alone checks.
    }
    if (this.#validators.size >= REMEMBERED) this.#validators.clear()
    this.#validators.set(key, validate)
    return validate
  }

  /** Of whatever draft it says it is, it is read as 2020-12: older ones differ in what nobody uses for arguments. */
  #compile({ $schema: _draft, $id: _id, ...schema }: Readonly<Record<string, unknown>>): ValidateFunction {
    const validate = this.#ajv.compile(schema)
    // By the identity of an object that nobody has any more.
    this.#ajv.removeSchema(schema)
    return validate
  }
}
