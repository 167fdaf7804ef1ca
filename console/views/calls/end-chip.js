import { html } from 'htm/preact'
import { hasText, t } from '../../state/language.js'

/** Ends that were nobody's wish. */
const FAULTS = new Set([
  'media_lost',
  'engine_failed',
  'connect_timeout',
  'carrier_failed',
  'server_lost',
  'internal'
])
const REFUSALS = new Set(['rejected_capacity', 'draining', 'max_length'])

/** How a call ended. @param {{ call: { end_reason: string | null, end_detail: string | null } }} props */
export function EndChip({ call: { end_reason, end_detail } }) {
  if (end_reason === null) return html`–`
  const kind = FAULTS.has(end_reason) ? 'danger' : REFUSALS.has(end_reason) ? 'warn' : ''
  return html`<span class=${`chip ${kind}`}>${endName(end_reason)}${end_detail && ` · ${detailName(end_detail)}`}</span>`
}

/** In a word or two. @param {string} reason */
export function endName(reason) {
  return hasText(`end.short.${reason}`) ? t(`end.short.${reason}`) : reason
}

/** @param {string} detail */
export function detailName(detail) {
  return hasText(`end.detail.${detail}`) ? t(`end.detail.${detail}`) : detail
}
