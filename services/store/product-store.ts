import type pg from 'pg'

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
      `select * from products
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
       returning *`,
      [product.sku, product.name, product.description, product.price, product.currency, product.in_stock]
    )
    return row as ProductRow
  }

  /** Resolves with false where there is no such product. */
  async remove(id: string): Promise<boolean> {
    return (await this.#rows('delete from products where id = $1 returning *', [id])).length > 0
  }

  /** The best first: by its SKU, by all the words in any order, by a part of its name or description. */
  async search(text: string, limit: number): Promise<ProductRow[]> {
    return this.#rows(
      `select products.* from products,
         plainto_tsquery('simple', $1) as words,
         to_tsvector('simple', name || ' ' || description) as document
       where lower(sku) = lower($1) or document @@ words
         or name ilike $2 escape '\\' or description ilike $2 escape '\\'
       order by (lower(sku) = lower($1)) is true desc, (name ilike $2 escape '\\') desc,
         ts_rank(document, words) desc, name, id
       limit $3`,
      [text, `%${text.replace(/[\\%_]/g, '\\$&')}%`, limit]
    )
  }

  async #rows(text: string, values: unknown[]): Promise<ProductRow[]> {
    const { rows } = await this.#pool.query(text, values)
    return rows as ProductRow[]
  }
}
