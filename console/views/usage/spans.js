const DAY_MS = 24 * 60 * 60 * 1000

/** What is looked at: so many days up to today, and how finely. */
export const SPANS = /** @type {const} */ ({
  week: { days: 7, group: 'day', latency: 'hour' },
  month: { days: 30, group: 'day', latency: 'day' },
  quarter: { days: 90, group: 'day', latency: 'day' },
  year: { days: 365, group: 'month', latency: 'day' }
})

/** @typedef {keyof typeof SPANS} SpanName */

/** The first day of a span that ends today, `2026-03-01`. @param {SpanName} name @param {number} now epoch ms */
export function firstDay(name, now) {
  return new Date(now - (SPANS[name].days - 1) * DAY_MS).toISOString().slice(0, 10)
}

/**
 * The rows of a report with nothing left out: a day or month on which nothing happened has noughts.
 *
 * @param {readonly any[]} rows with `day` or `month`
 * @param {SpanName} name
 * @param {number} now epoch ms
 * @returns {{ at: number, calls: number, minutes: number, cost: number | null }[]} `at`: epoch seconds
 */
export function filled(rows, name, now) {
  const { group } = SPANS[name]
  const byKey = new Map(rows.map((row) => [String(row[group]).slice(0, 10), row]))
  return keysOf(name, now).map((key) => {
    const row = byKey.get(key)
    return {
      at: Date.parse(key) / 1000,
      calls: row?.calls ?? 0,
      minutes: row?.minutes ?? 0,
      cost: row ? row.cost_usd : 0
    }
  })
}

/** @param {SpanName} name @param {number} now @returns {string[]} */
function keysOf(name, now) {
  const keys = []
  const first = new Date(`${firstDay(name, now)}T00:00:00Z`)
  if (SPANS[name].group === 'month') first.setUTCDate(1)
  for (const at = first; at.getTime() <= now; ) {
    keys.push(at.toISOString().slice(0, 10))
    if (SPANS[name].group === 'month') at.setUTCMonth(at.getUTCMonth() + 1)
    else at.setUTCDate(at.getUTCDate() + 1)
  }
  return keys
}
