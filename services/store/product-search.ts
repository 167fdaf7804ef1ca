import type { Query } from './call-queries.ts'

/** A caller says no more words than this of a product; each costs a look at every product. */
const MAX_WORDS = 12

/** What is told of a product: the columns that are not there for the search alone. */
export const PRODUCT_COLUMNS = 'id, sku, name, description, price, currency, in_stock, created_at, updated_at'

/** Where the extension is, its schema; no row where it is not. */
export const SELECT_TRIGRAM_SCHEMA: Query = {
  text: `select quote_ident(nspname) as schema from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm'`,
  values: []
}

/**
 * The best first: by SKU, then by how well the words fit. A word of the name counts 1, its beginning 0.9, a part of it
 * 0.6, a word of the description 0.5, and what is nearly a word of the name up to 0.8 of how near it is; short words
 * count less, since "do" and "have" say little of a product. What fits much worse than the best is left out.
 *
 * `trigramSchema`: of the extension pg_trgm; null: pieces of three letters are looked for one by one.
 */
export function searchProducts(text: string, limit: number, trigramSchema: string | null): Query {
  const likeness =
    trigramSchema === null ? PIECES_FOUND : `${trigramSchema}.word_similarity(word, search_text)`
  return {
    text: `
      with words as materialized (
        select word,
          to_tsquery('simple', quote_literal(word) || ':A') as named,
          to_tsquery('simple', quote_literal(word) || ':*A') as begun,
          to_tsquery('simple', quote_literal(word)) as anywhere
        from unnest($1::text[]) as word
      ),
      scored as (
        select ${PRODUCT_COLUMNS}, fit, lower(sku) = lower($2) is true as by_sku
        from products cross join lateral (
          select coalesce(sum(least(1, octet_length(word) / 5.0) * greatest(
            case
              when search_words @@ named then 1
              when length(word) >= 3 and search_words @@ begun then 0.9
              when octet_length(word) >= 3 and strpos(search_text, word) > 0 then 0.6
              when search_words @@ anywhere then 0.5
              else 0
            end,
            case when length(word) < 4 then 0 else (
              select case when likeness >= 0.4 then 0.8 * likeness else 0 end from (select ${likeness} as likeness) as near
            ) end
          )), 0) as fit
          from words
        ) as fits
      ),
      ranked as (select *, max(fit) over () as best_fit from scored where by_sku or fit > 0)
      select ${PRODUCT_COLUMNS} from ranked where by_sku or fit > best_fit * 0.4
      order by by_sku desc, fit desc, name, id
      limit $3`,
    values: [wordsOf(text), text.trim(), limit]
  }
}

/** The share of a word's pieces of three letters, its ends included, that are somewhere in the name. */
const PIECES_FOUND = `(
  select count(*) filter (where strpos(' ' || search_text || ' ', substr(' ' || word || ' ', at, 3)) > 0)::real / count(*)
  from generate_series(1, length(word)) as at
)`

/** As the function offhook_plain of the database has them. */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
  return [...new Set(plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [])].slice(0, MAX_WORDS)
}
