import { html } from 'htm/preact'
import { money } from '../../format/amount.js'
import { clockTime, latency } from '../../format/time.js'
import { Figure } from '../../parts/figure.js'
import { t } from '../../state/language.js'

/**
 * A call in six figures.
 *
 * @param {{ call: any, exchanges: readonly import('./exchanges.js').Exchange[] }} props
 */
export function CallFigures({ call, exchanges }) {
  const times = exchanges.flatMap(({ latency: { response } }) => response ?? []).sort((a, b) => a - b)
  const median = times[Math.floor((times.length - 1) / 2)]
  const interrupted = exchanges.filter((exchange) => exchange.interrupted).length
  const priced = call.usage.items.filter((/** @type {any} */ item) => item.cost_usd !== null)
  const cost = priced.reduce((/** @type {number} */ sum, /** @type {any} */ item) => sum + item.cost_usd, 0)
  return html`<div class="figures card">
    <${Figure} label=${t('calls.lasted')} value=${call.duration_seconds === null ? '–' : clockTime(call.duration_seconds)} />
    <${Figure} label=${t('calls.medianAnswer')} value=${latency(median)} />
    <${Figure} label=${t('calls.slowestAnswer')} value=${latency(times.at(-1))} />
    <${Figure} label=${t('calls.greeting')} value=${latency(call.answer_to_greeting_ms)} />
    <${Figure} label=${t('calls.interruptions')} value=${String(interrupted)} />
    <${Figure} label=${t('calls.cost')} value=${priced.length > 0 ? money(cost) : '–'} />
  </div>`
}
