import { html } from 'htm/preact'
import { latency as formatLatency } from '../format/time.js'
import { t } from '../state/language.js'

/** Longer than this, callers ask whether anybody is there; ms. */
const SLOW_MS = 1500

/**
 * How long an answer took, and of what that was made.
 *
 * @param {{ latency: NonNullable<import('../state/conversation.js').Turn['latency']> }} props
 */
export function TurnLatency({ latency }) {
  const { responseMs, endpointMs, engineMs, playoutMs } = latency
  const parts = Object.entries({ endpoint: endpointMs, engine: engineMs, playout: playoutMs }).flatMap(
    ([name, ms]) => (ms === null ? [] : [{ name, ms }])
  )
  return html`<span class=${`chip ${(responseMs ?? 0) > SLOW_MS ? 'warn' : ''}`}>
      ${t('latency.answered', { time: formatLatency(responseMs) })}
    </span>
    <span class="turn-parts small muted">
      ${parts.map(
        ({ name, ms }) =>
          html`<span key=${name} class="nowrap"><span class=${`swatch ${name}`}></span>${t(`latency.part.${name}`)} ${formatLatency(ms)}</span>`
      )}
    </span>`
}
