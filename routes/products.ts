import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { ProductFields } from '../services/store/product-store.ts'
import { errors, instant, nullable, operator, pageOf, uuid } from './api-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['products']
const CSV = ['text/csv', 'application/csv', 'text/plain']
/** Some 50 000 products. */
const CSV_LIMIT_BYTES = 10 * 1024 * 1024
const price = nullable(Type.Number({ minimum: 0, maximum: 1e12 }))
const currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' })
const name = Type.String({ minLength: 1, maxLength: 500 })
const description = Type.String({ maxLength: 10_000 })
const sku = nullable(Type.String({ minLength: 1, maxLength: 200 }))

const productBody = Type.Object(
  {
    name,
    sku: Type.Optional(sku),
    description: Type.Optional(description),
    price: Type.Optional(price),
    currency: Type.Optional(currency),
    in_stock: Type.Optional(Type.Boolean())
  },
  { additionalProperties: false }
)
const product = Type.Object(
  {
    id: uuid,
    sku,
    name,
    description,
    price,
    currency,
    in_stock: Type.Boolean(),
    created_at: instant,
    updated_at: instant
  },
  { title: 'Product' }
)
const listQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  after: Type.Optional({ ...uuid, description: 'the next of an earlier page' })
})
const searchQuery = Type.Object({
  q: Type.String({ minLength: 1, maxLength: 200 }),
  limit: Type.Integer({ minimum: 1, maximum: 50, default: 20 })
})
const deleteQuery = Type.Object({ id: uuid })
const idParams = Type.Object({ id: uuid })

const importResult = Type.Object({ created: Type.Integer(), replaced: Type.Integer() })

const DEFAULTS: Omit<ProductFields, 'name'> = {
  sku: null,
  description: '',
  price: null,
  currency: 'USD',
  in_stock: true
}

/** What the agent's `search_products` looks in. */
export async function productRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.addHook('onRequest', options.auth.require)
  app.addHook('preHandler', requireStore(options))
  readingRoutes(app, options)
  writingRoutes(app, options)
  await app.register(importRoute, options)
}

/** In a plugin of its own, so that no other route takes CSV. */
async function importRoute(app: FastifyInstance, { products }: RouteOptions): Promise<void> {
  app.addContentTypeParser(CSV, { parseAs: 'string', bodyLimit: CSV_LIMIT_BYTES }, (_request, body, done) =>
    done(null, body)
  )
  app.post(
    '/api/products/import',
    {
      bodyLimit: CSV_LIMIT_BYTES,
      schema: {
        ...operator,
        tags,
        summary:
          'Adds the products of a CSV file, and replaces those with the same SKU: all of them, or none',
        description:
          'The first line names the columns: name, and any of sku, description, price, currency and in_stock. ' +
          'Separated by commas, semicolons or tabs; UTF-8.',
        consumes: [...CSV],
        body: Type.String({ minLength: 1 }),
        response: { 200: importResult, ...errors(400, 401, 413, 415, 503) }
      }
    },
    async (request) => {
      const text = request.body as string
      if (text.includes('\uFFFD'))
        throw new HttpError(400, 'invalid_csv', 'The file is not UTF-8: save it as "CSV UTF-8".')
      const result = await products.importCsv(text, DEFAULTS)
      if ('faults' in result)
        throw new HttpError(400, 'invalid_csv', `Nothing was imported. ${result.faults.join('; ')}.`)
      return result
    }
  )
}

function readingRoutes(app: FastifyInstance, { products }: RouteOptions): void {
  app.get(
    '/api/products',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Lists the products by name',
        querystring: listQuery,
        response: { 200: pageOf(product), ...errors(400, 401, 503) }
      }
    },
    async (request) => {
      const { limit, after } = request.query as { limit: number; after?: string }
      return products.list({ limit, after: after ?? null })
    }
  )

  app.get(
    '/api/products/search',
    {
      schema: {
        ...operator,
        tags,
        summary:
          'Finds products as an agent does: by SKU, by words, by parts of words, by what is nearly a word',
        querystring: searchQuery,
        response: { 200: pageOf(product), ...errors(400, 401, 503) }
      }
    },
    async (request) => {
      const { q, limit } = request.query as Static<typeof searchQuery>
      return { data: await products.search(q, limit), next: null }
    }
  )
}

function writingRoutes(app: FastifyInstance, { products }: RouteOptions): void {
  app.post(
    '/api/products',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Adds a product, or replaces the one with the same SKU',
        body: productBody,
        response: { 201: product, ...errors(400, 401, 503) }
      }
    },
    async (request, reply) => {
      const given = request.body as Partial<ProductFields> & { name: string }
      return reply.status(201).send(await products.save({ ...DEFAULTS, ...given }))
    }
  )

  async function remove(id: string): Promise<void> {
    if (!(await products.remove(id)))
      throw new HttpError(404, 'unknown_product', 'There is no product with this id.')
  }
  const schema = {
    ...operator,
    tags,
    summary: 'Removes a product',
    response: { 204: Type.Null(), ...errors(400, 401, 404, 503) }
  }

  app.delete('/api/products/:id', { schema: { ...schema, params: idParams } }, async (request, reply) => {
    await remove((request.params as Static<typeof idParams>).id)
    return reply.status(204).send()
  })

  app.delete('/api/products', { schema: { ...schema, querystring: deleteQuery } }, async (request, reply) => {
    await remove((request.query as Static<typeof deleteQuery>).id)
    return reply.status(204).send()
  })
}
