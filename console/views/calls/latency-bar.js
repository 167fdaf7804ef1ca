import { html } from 'htm/preact'
import { latency } from '../../format/time.js'
import { t } from '../../state/language.js'
import { verdictOf } from './turn-verdict.js'

const CHIP = { quick: 'ok', fair: 'warn', slow: 'danger' }

/**
 * How long the caller waited for a reply: its three parts one after the other, on a scale that all turns of the call
 * share, and in a sentence why it took that long.
 *
 * @param {object} props
 * @param {import('./exchanges.js').Exchange} props.exchange
 * @param {number} props.scaleMs what the whole width stands for
 */
export function LatencyBar({ exchange, scaleMs }) {
  const verdict = verdictOf(exchange.latency, toolsBefore(exchange))
  if (!verdict) return null
  const { endpoint, engine, playout } = exchange.latency
  const parts = Object.entries({ endpoint, engine, playout }).map(([name, ms]) => ({ name, ms: ms ?? 0 }))
  const dominant = verdict.part === 'tool' ? 'engine' : verdict.part
  return html`<div class="latency">
    <div class="latency-track" role="img" aria-label=${parts.map(({ name, ms }) => `${t(`latency.part.${name}`)}: ${latency(ms)}`).join('; ')}>
      ${parts.map(
        ({ name, ms }) => html`<span
          key=${name}
          class=${`latency-part ${name} ${name === dominant ? 'dominant' : ''}`}
          style=${{ width: `${(ms / scaleMs) * 100}%` }}
          title=${`${t(`latency.part.${name}`)}: ${latency(ms)}`}
        >${ms / scaleMs > 0.16 ? latency(ms) : ''}</span>`
      )}
    </div>
    <p class="latency-why small">
      <span class=${`chip ${CHIP[verdict.pace]}`}>${latency(verdict.responseMs)}</span>${' '}
      <span class="muted">${sentence(verdict)}</span>
    </p>
  </div>`
}

/** What the parts are drawn as. */
export function LatencyLegend() {
  return html`<ul class="latency-legend small muted">
    ${['endpoint', 'engine', 'playout'].map(
      (name) =>
        html`<li key=${name}><span class=${`latency-key ${name}`}></span>${t(`latency.part.${name}`)}</li>`
    )}
  </ul>`
}

/** @param {import('./turn-verdict.js').Verdict} verdict */
function sentence({ pace, part, partMs, responseMs, tool }) {
  const key = pace === 'quick' ? `why.quick.${part}` : `why.${part}`
  return t(key, { part: latency(partMs), total: latency(responseMs), tool: tool ?? '' })
}

/** Of the tools of a turn, those that the reply waited for. @param {import('./exchanges.js').Exchange} exchange */
function toolsBefore({ tools, agent }) {
  return tools.filter(({ at }) => agent === null || at <= agent.from)
}
