import { language } from '../state/language.js'

/** A day in UTC, as the server counts it: `3 Mar`. @param {string | number} day ISO 8601, or epoch ms */
export function dayName(day) {
  return new Intl.DateTimeFormat(language.value, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(day)
  )
}

/** A month in UTC: `March 2026`. @param {string | number} month ISO 8601 of its first day, or epoch ms */
export function monthName(month) {
  return new Intl.DateTimeFormat(language.value, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(month)
  )
}

/** As the server wants days: `2026-03-01`. @param {number} at epoch ms */
export function isoDay(at) {
  return new Date(at).toISOString().slice(0, 10)
}
