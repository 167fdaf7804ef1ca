import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import type { ProductFields } from './product-store.ts'

const COLUMNS = ['sku', 'name', 'description', 'price', 'currency', 'in_stock']
const DELIMITERS = [',', ';', '\t']
const YES = new Set(['true', 'yes', 'y', '1', 'oui', 'ja', 'si', 'sí', 'sim'])
const NO = new Set(['false', 'no', 'n', '0', 'non', 'nein', 'não'])
const LIMITS = { sku: 200, name: 500, description: 10_000 } as const
/** Lines that are wrong and told: more of them say nothing new. */
const MAX_FAULTS = 20
/** The event loop has its turn between pieces of the file. */
const PIECE_CHARACTERS = 64 * 1024

type Row = Readonly<Record<string, string>>

/**
 * Products from a CSV file (RFC 4180) with a header; commas, semicolons or tabs. All of them, or what is wrong with
 * which line.
 */
export async function parseProducts(
  text: string,
  defaults: Omit<ProductFields, 'name'>
): Promise<{ products: ProductFields[] } | { faults: string[] }> {
  const header = text.slice(0, text.search(/\r|\n|$/))
  const delimiter = DELIMITERS.toSorted((a, b) => header.split(b).length - header.split(a).length)[0]
  const products: ProductFields[] = []
  const faults: string[] = []
  const lineOfSku = new Map<string, number>()
  try {
    const rows = Readable.from(piecesOf(text)).pipe(
      parse({ bom: true, columns: checkedHeader, delimiter, info: true, skip_empty_lines: true, trim: true })
    )
    for await (const { record, info } of rows as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      const product = readRow(record, defaults)
      const found = typeof product === 'string' ? product : repeated(product, info.lines, lineOfSku)
      if (found !== null) faults.push(`line ${info.lines}: ${found}`)
      else if (typeof product !== 'string') products.push(product)
      if (faults.length >= MAX_FAULTS) break
    }
  } catch (error) {
    if (error instanceof HeaderError) return { faults: [`line 1: ${error.message}`] }
    if (!(error instanceof CsvError)) throw error
    faults.push(`line ${Number(error.lines) || 1}: ${csvFault(error)}`)
  }
  if (faults.length > 0) return { faults }
  return products.length > 0
    ? { products }
    : { faults: ['line 2: there is no product: expected one on each line'] }
}

class HeaderError extends Error {
  override readonly name = 'HeaderError'
}

function checkedHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase())
  const expected = `expected a header of name and any of ${COLUMNS.filter((name) => name !== 'name').join(', ')}`
  const unknown = names.find((name) => !COLUMNS.includes(name))
  if (unknown !== undefined) throw new HeaderError(`there is no column "${unknown}": ${expected}`)
  if (new Set(names).size < names.length) throw new HeaderError(`a column is there twice: ${expected}`)
  if (!names.includes('name')) throw new HeaderError(`the column name is missing: ${expected}`)
  return names
}

/** What is wrong with the row, where something is. */
function readRow(row: Row, defaults: Omit<ProductFields, 'name'>): ProductFields | string {
  const { sku = '', name = '', description = '' } = row
  if (name === '') return 'name is empty'
  for (const [field, limit] of Object.entries(LIMITS)) {
    if ((row[field] ?? '').length > limit) return `${field} is longer than ${limit} characters`
  }
  const price = readPrice(row.price ?? '')
  if (price === undefined) return `price is "${row.price}": expected a number like 49.90`
  const currency = (row.currency ?? '').toUpperCase() || defaults.currency
  if (!/^[A-Z]{3}$/.test(currency)) return `currency is "${row.currency}": expected three letters like EUR`
  const inStock = readFlag(row.in_stock ?? '', defaults.in_stock)
  if (inStock === undefined) return `in_stock is "${row.in_stock}": expected true or false`
  return { sku: sku || null, name, description, price, currency, in_stock: inStock }
}

/** A decimal point or a decimal comma; no thousands, no currency sign. */
function readPrice(text: string): number | null | undefined {
  if (text === '') return null
  return /^\d{1,12}([.,]\d{1,6})?$/.test(text) ? Number(text.replace(',', '.')) : undefined
}

function readFlag(text: string, missing: boolean): boolean | undefined {
  const word = text.toLowerCase()
  if (word === '') return missing
  return YES.has(word) ? true : NO.has(word) ? false : undefined
}

function repeated({ sku }: ProductFields, line: number, lineOfSku: Map<string, number>): string | null {
  if (sku === null) return null
  const before = lineOfSku.get(sku)
  lineOfSku.set(sku, before ?? line)
  return before === undefined ? null : `sku "${sku}" is on line ${before} already`
}

function csvFault({ code, message }: CsvError): string {
  if (code === 'CSV_RECORD_INCONSISTENT_COLUMNS') return 'it has more or fewer fields than the header'
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is opened and never closed'
  return message
}

function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) yield text.slice(at, at + PIECE_CHARACTERS)
}
