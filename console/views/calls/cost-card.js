import { html } from 'htm/preact'
import { money, number } from '../../format/amount.js'
import { Card } from '../../parts/card.js'
import { hasText, t } from '../../state/language.js'

/** What a call used, and what that cost. @param {{ usage: any }} props */
export function CostCard({ usage }) {
  const sums = sumItems(usage.items)
  const priced = sums.filter(({ cost }) => cost !== null)
  const total = priced.reduce((sum, { cost }) => sum + (cost ?? 0), 0)
  return html`<${Card} title=${t('calls.usage')}>
    ${usage.minutes && html`<p class="small muted usage-minutes">${minutesText(usage.minutes)}</p>`}
    ${
      sums.length === 0
        ? html`<p class="muted small">${t('calls.noUsage')}</p>`
        : html`<table class="table plain">
          <tbody>
            ${sums.map(
              ({ key, provider, model, kind, unit, quantity, cost }) => html`<tr key=${key}>
                <td>${provider} <span class="muted">${model}</span><br /><span class="small muted">${word('kind', kind)} · ${number(quantity, 1)} ${word('unit', unit)}</span></td>
                <td class="number nowrap">${cost === null ? html`<span class="muted">${t('calls.noPrice')}</span>` : money(cost)}</td>
              </tr>`
            )}
          </tbody>
          ${
            priced.length > 0 &&
            html`<tfoot>
              <tr><th>${t('calls.total')}</th><td class="number"><strong>${money(total)}</strong></td></tr>
            </tfoot>`
          }
        </table>`
    }
  <//>`
}

/** @param {any} minutes */
function minutesText({ minutes, estimated, carrier_differs }) {
  return [
    t('calls.billedMinutes', { count: minutes, minutes: number(minutes, 2) }),
    estimated && t('calls.estimated'),
    carrier_differs && t('calls.carrierDiffers')
  ]
    .filter(Boolean)
    .join(' · ')
}

/** Items of the same thing as one; its cost is null where a price is unknown. @param {readonly any[]} items */
function sumItems(items) {
  /** @type {Map<string, { key: string, provider: string, model: string, kind: string, unit: string, quantity: number, cost: number | null }>} */
  const sums = new Map()
  for (const { provider, model, kind, unit, quantity, cost_usd } of items) {
    const key = [provider, model, kind, unit].join('\n')
    const sum = sums.get(key) ?? { key, provider, model, kind, unit, quantity: 0, cost: 0 }
    sum.quantity += quantity
    sum.cost = sum.cost === null || cost_usd === null ? null : sum.cost + cost_usd
    sums.set(key, sum)
  }
  return [...sums.values()]
}

/** @param {'kind' | 'unit'} what @param {string} name */
function word(what, name) {
  return hasText(`usage.${what}.${name}`) ? t(`usage.${what}.${name}`) : name.replaceAll('_', ' ')
}
