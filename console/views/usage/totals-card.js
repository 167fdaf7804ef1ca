import { html } from 'htm/preact'
import { money, number } from '../../format/amount.js'
import { Figure } from '../../parts/figure.js'
import { t } from '../../state/language.js'
import { isFailure } from './ending-kinds.js'

/**
 * A span of time in four figures.
 *
 * @param {{ usage: { data: any[] } | null, endings: { data: any[] } | null }} props
 */
export function TotalsCard({ usage, endings }) {
  const sum = (/** @type {string} */ name) => usage?.data.reduce((total, row) => total + (row[name] ?? 0), 0)
  const priced = usage?.data.some(({ cost_usd }) => cost_usd !== null)
  const unpriced = sum('unpriced_items')
  const ended = endings?.data.reduce((total, { calls }) => total + calls, 0)
  const failed = endings?.data
    .filter(({ end_reason }) => isFailure(end_reason))
    .reduce((total, { calls }) => total + calls, 0)
  return html`<div class="figures card">
    <${Figure} label=${t('usage.answered')} value=${number(sum('calls'))} />
    <${Figure} label=${t('usage.minutes')} value=${number(sum('minutes'), 1)} />
    <${Figure}
      label=${t('usage.cost')}
      value=${priced ? money(sum('cost_usd')) : '–'}
      note=${unpriced ? t('usage.unpriced', { count: unpriced }) : null}
    />
    <${Figure}
      label=${t('usage.failed')}
      value=${number(failed)}
      note=${ended ? t('usage.ofCalls', { count: ended }) : null}
    />
  </div>`
}
