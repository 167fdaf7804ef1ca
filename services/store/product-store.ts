import type pg from 'pg'
import type { Query } from './call-queries.ts'
import { parseProducts } from './product-csv.ts'
import { PRODUCT_COLUMNS, SELECT_TRIGRAM_SCHEMA, searchProducts } from './product-search.ts'
import { withTransaction } from './transaction.ts'

/** Of an import: what a statement takes at a time. */
const BATCH_ROWS = 1000

/** What an agent may look up, named as the SQL columns. */
export type ProductRow = ProductFields & {
  readonly id: string
  readonly created_at: Date
  readonly updated_at: Date
}

export interface ProductFields {
  readonly sku: string | null
  readonly name: string
  readonly description: string
  /** null where it has none. */
  readonly price: number | null
  /** ISO 4217. */
  readonly currency: string
  readonly in_stock: boolean
}

/** Products that agents look up. Every method rejects with the driver's error where there is no database. */
export class ProductStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** By name, at most `limit`, after the product with the id `after`; `next`: the cursor of the page after this one. */
  async list(page: {
    limit: number
    after: string | null
  }): Promise<{ data: ProductRow[]; next: string | null }> {
    const rows = await this.#rows(
      `select ${PRODUCT_COLUMNS} from products
       where $1::uuid is null or (name, id) > (select name, id from products where id = $1)
       order by name, id limit $2`,
      [page.after, page.limit + 1]
    )
    const data = rows.slice(0, page.limit)
    return { data, next: rows.length > data.length ? (data.at(-1)?.id ?? null) : null }
  }

  /** A product with the same SKU is replaced. */
  async save(product: ProductFields): Promise<ProductRow> {
    const [row] = await this.#rows(
      `insert into products (sku, name, description, price, currency, in_stock) values ($1, $2, $3, $4, $5, $6)
       on conflict (sku) do update set name = excluded.name, description = excluded.description,
         price = excluded.price, currency = excluded.currency, in_stock = excluded.in_stock, updated_at = now()
       returning ${PRODUCT_COLUMNS}`,
      [product.sku, product.name, product.description, product.price, product.currency, product.in_stock]
    )
    return row as ProductRow
  }

  /** Resolves with false where there is no such product. */
  async remove(id: string): Promise<boolean> {
    return (await this.#rows('delete from products where id = $1 returning id', [id])).length > 0
  }

  /** The best first, also where a word is misspelt or only a part of one. */
  async search(text: string, limit: number): Promise<ProductRow[]> {
    const { rows } = await this.#pool.query(SELECT_TRIGRAM_SCHEMA.text)
    const schema = (rows[0] as { schema: string } | undefined)?.schema ?? null
    const query = searchProducts(text, limit, schema)
    return this.#rows(query.text, query.values)
  }

  /** All of the file or nothing: then which line is wrong, and how. A product with a known SKU is replaced. */
  async importCsv(
    text: string,
    defaults: Omit<ProductFields, 'name'>
  ): Promise<{ created: number; replaced: number } | { faults: string[] }> {
    const parsed = await parseProducts(text, defaults)
    if ('faults' in parsed) return parsed
    const { products } = parsed
    let created = 0
    await withTransaction(this.#pool, async (client) => {
      for (let at = 0; at < products.length; at += BATCH_ROWS) {
        const { text: sql, values } = insertProducts(products.slice(at, at + BATCH_ROWS))
        const { rows } = await client.query(sql, values)
        created += (rows as { created: boolean }[]).filter((row) => row.created).length
      }
    })
    return { created, replaced: products.length - created }
  }

  async #rows(text: string, values: unknown[]): Promise<ProductRow[]> {
    const { rows } = await this.#pool.query(text, values)
    return rows as ProductRow[]
  }
}

function insertProducts(products: readonly ProductFields[]): Query {
  return {
    text: `insert into products (sku, name, description, price, currency, in_stock)
      select sku, name, description, price, currency, in_stock from json_to_recordset($1) as
        given (sku text, name text, description text, price numeric, currency text, in_stock boolean)
      on conflict (sku) do update set name = excluded.name, description = excluded.description,
        price = excluded.price, currency = excluded.currency, in_stock = excluded.in_stock, updated_at = now()
      -- A row that was there has been locked by its update.
      returning xmax = 0 as created`,
    values: [JSON.stringify(products)]
  }
}
