import { language } from '../state/language.js'

/** @param {number | null | undefined} value @param {number} [digits] at most, after the point */
export function number(value, digits = 0) {
  if (value === null || value === undefined) return '–'
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value)
}

/** US dollars; small amounts with more digits, so that a cent's part is seen. @param {number | null | undefined} value */
export function money(value) {
  if (value === null || value === undefined) return '–'
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2
  return new Intl.NumberFormat(language.value, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits
  }).format(value)
}

/** A price in a currency of ISO 4217. @param {number | null} value @param {string} currency */
export function price(value, currency) {
  if (value === null) return '–'
  return new Intl.NumberFormat(language.value, { style: 'currency', currency }).format(value)
}
