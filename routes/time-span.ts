import { Type } from 'typebox'
import { HttpError } from './http-error.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const time = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T[\\d:.]+(Z|[+-]\\d{2}:\\d{2}))?$',
  description: 'a day in UTC, for example 2026-01-31, or an instant in ISO 8601'
})

/** Of a query that asks of a span of time. */
export const spanFields = {
  from: Type.Optional(time),
  to: Type.Optional({
    ...time,
    description: 'a day (which counts whole) or an instant (before which calls began)'
  })
}

/** @throws HttpError 400 for what is no time. */
export function spanOf({ from, to }: { from?: string; to?: string }): { from: Date | null; to: Date | null } {
  return { from: instantOf('from', from), to: instantOf('to', to, DAY_MS) }
}

/** `dayMs`: what is added to a day without a time. */
function instantOf(field: string, value: string | undefined, dayMs = 0): Date | null {
  if (value === undefined) return null
  const at = Date.parse(value)
  if (!Number.isNaN(at)) return new Date(value.length === 10 ? at + dayMs : at)
  throw new HttpError(400, 'invalid_request', `querystring/${field} must be a day or an instant in ISO 8601`)
}
