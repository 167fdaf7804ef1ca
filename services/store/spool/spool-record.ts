import { hash } from 'node:crypto'
import type { CallEvent, CallIdentity } from '../../../sessions/contracts/call-events.ts'
import type { PricedUsage } from '../../pricing/pricing.ts'

/** One event of a call, with all that is needed to make its rows, now or after the next start. */
export interface SpoolRecord {
  /**
   * Tells the event from every other: the same event at the same instant of the same call has the same one. Later ones
   * sort behind it, so that an index on it grows at its end: at random places each row is another page of a large index.
   */
  readonly id: string
  readonly replicaId: string
  readonly call: CallIdentity
  /** Epoch milliseconds. */
  readonly at: number
  readonly event: CallEvent
  /** Of the events `usage` and, for the carrier's minutes, `call.ended`. */
  readonly items?: readonly PricedUsage[]
}

/** A line of a spool: the record and its place, counted from 1 in each spool without a gap. */
export type SpoolLine = SpoolRecord & { readonly n: number }

/** JSON text of a record, without its place. */
export function encodeRecord(record: Omit<SpoolRecord, 'id'>): string {
  const { replicaId, call, at, event, items } = record
  let json = JSON.stringify({ call, at, event, items })
  // Only what is escaped can be what PostgreSQL refuses: U+0000 and halves of surrogate pairs.
  if (/\\u(0000|d[89a-f])/i.test(json)) json = JSON.stringify({ call, at, event, items }, storable)
  const id = instant(at) + hash('sha256', json, 'hex').slice(0, 20)
  return `{"id":"${id}","replicaId":${JSON.stringify(replicaId)},${json.slice(1)}`
}

/** Twelve hexadecimal digits, which suffice until the year 10889. */
function instant(at: number): string {
  return Math.max(0, Math.floor(at)).toString(16).padStart(12, '0')
}

/** The line of an encoded record at its place, with its end. */
export function encodeLine(n: number, encoded: string): string {
  return `{"n":${n},${encoded.slice(1)}\n`
}

/** null where the line is damaged. */
export function decodeLine(line: string): SpoolLine | null {
  try {
    const value = JSON.parse(line) as Partial<SpoolLine> | null
    return typeof value?.n === 'number' && value.call && value.event ? (value as SpoolLine) : null
  } catch {
    return null
  }
}

function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\u0000', '').toWellFormed() : value
}
