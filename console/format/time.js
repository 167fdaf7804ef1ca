import { language } from '../state/language.js'

/** Minutes and seconds, `3:07`; with hours where there are some. @param {number} seconds */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const pad = (/** @type {number} */ value) => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}

/** `340 ms`, `1.2 s`. @param {number | null | undefined} ms */
export function latency(ms) {
  if (ms === null || ms === undefined) return '–'
  if (ms < 1000) return `${Math.round(ms)} ms`
  return `${new Intl.NumberFormat(language.value, { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(ms / 1000)} s`
}

/** Day and time of day. @param {string | number | null | undefined} instant ISO 8601, or epoch ms */
export function dateTime(instant) {
  if (instant === null || instant === undefined) return '–'
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(instant)
  )
}

/** Time of day to the second. @param {string | number} instant */
export function timeOfDay(instant) {
  return new Intl.DateTimeFormat(language.value, { timeStyle: 'medium' }).format(new Date(instant))
}
