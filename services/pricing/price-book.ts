import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { UsageRecord } from '../../sessions/contracts/agent-engine.ts'

const DAY_MS = 86_400_000
const TABLE_FILE = /^prices-\d{4}-\d{2}-\d{2}\.json$/

const text = Type.String({ minLength: 1 })
const priceSchema = Type.Object(
  {
    provider: text,
    /** `*` stands for the rest of a name: `aura-2-*`. */
    model: text,
    unit: text,
    usd: Type.Number({ minimum: 0 }),
    /** So many units cost `usd`. */
    per: Type.Number({ exclusiveMinimum: 0 })
  },
  { additionalProperties: false }
)
const tableSchema = Type.Object(
  {
    /** The day that the prices are of. */
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    notes: Type.Optional(Type.Array(Type.String())),
    sources: Type.Optional(Type.Record(Type.String(), Type.String())),
    prices: Type.Array(priceSchema)
  },
  { additionalProperties: false }
)
export type PriceTable = Static<typeof tableSchema>

export interface Price {
  readonly usd: number
  readonly per: number
  /** `YYYY-MM-DD`. */
  readonly date: string
}

/** A price file that is none: which file, where in it, and what was expected. */
export class PriceFileError extends Error {
  constructor(file: string, fault: string) {
    super(`The price file ${file} cannot be used: ${fault}`)
    this.name = 'PriceFileError'
  }
}

/** What things cost: the tables of this repository by their days, and before them the user's own prices. */
export class PriceBook {
  readonly #tables: readonly PriceTable[]
  readonly #own: PriceTable | null
  /** What was found on `#day`, by provider, model and unit: every reply asks for the same few prices. */
  readonly #found = new Map<string, Price | null>()
  #day = Number.NaN

  constructor(tables: readonly PriceTable[], own: PriceTable | null = null) {
    this.#tables = tables.toSorted((a, b) => (a.date < b.date ? 1 : -1))
    this.#own = own
  }

  /** The price of a unit at an instant, in epoch milliseconds; null where it is unknown. */
  find(record: Pick<UsageRecord, 'provider' | 'model' | 'unit'>, at: number): Price | null {
    const day = Math.floor(at / DAY_MS)
    if (day !== this.#day) {
      this.#day = day
      this.#found.clear()
    }
    const key = `${record.provider} ${record.model} ${record.unit}`
    let price = this.#found.get(key)
    if (price === undefined) {
      price = this.#look(record, at)
      this.#found.set(key, price)
    }
    return price
  }

  #look(record: Pick<UsageRecord, 'provider' | 'model' | 'unit'>, at: number): Price | null {
    const day = new Date(at).toISOString().slice(0, 10)
    // The newest table of that day; what was before all tables costs what the oldest says.
    const current = this.#tables.find(({ date }) => date <= day) ?? this.#tables.at(-1)
    for (const table of [this.#own, current]) {
      const price = table && best(table, record)
      if (table && price) return { usd: price.usd, per: price.per, date: table.date }
    }
    return null
  }
}

/**
 * The tables beside this file, and before them the user's own prices, in `pricesFile` or, where that is null, in
 * `prices.json` of `dataDir` if it is there: `{"date": "2026-01-31", "prices": [{"provider": "openai", "model":
 * "gpt-realtime-2.1", "unit": "text_input_token", "usd": 4, "per": 1000000}]}`.
 * @throws PriceFileError where a file cannot be read or says something else.
 */
export async function openPriceBook(own: { pricesFile: string | null; dataDir: string }): Promise<PriceBook> {
  const usual = path.join(own.dataDir, 'prices.json')
  const ownFile = own.pricesFile ?? (existsSync(usual) ? usual : null)
  const names = (await readdir(import.meta.dirname)).filter((name) => TABLE_FILE.test(name))
  const tables = await Promise.all(names.map((name) => readTable(path.join(import.meta.dirname, name))))
  return new PriceBook(tables, ownFile === null ? null : await readTable(ownFile))
}

async function readTable(file: string): Promise<PriceTable> {
  let table: unknown
  try {
    table = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new PriceFileError(file, error instanceof Error ? error.message : 'it is no JSON.')
  }
  const [fault] = Value.Errors(tableSchema, table)
  if (fault) throw new PriceFileError(file, `${fault.instancePath || '/'} ${fault.message}.`)
  return table as PriceTable
}

/** The price whose model's name fits best: the whole name before the longest beginning. */
function best(
  { prices }: PriceTable,
  { provider, model, unit }: Pick<UsageRecord, 'provider' | 'model' | 'unit'>
): PriceTable['prices'][number] | null {
  let found: PriceTable['prices'][number] | null = null
  for (const price of prices) {
    if (price.provider !== provider || price.unit !== unit) continue
    if (price.model === model) return price
    if (!price.model.endsWith('*') || !model.startsWith(price.model.slice(0, -1))) continue
    if (!found || price.model.length > found.model.length) found = price
  }
  return found
}
