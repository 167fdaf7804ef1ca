import { html } from 'htm/preact'
import { number } from '../../format/amount.js'
import { Card } from '../../parts/card.js'
import { Loaded } from '../../parts/loaded.js'
import { t } from '../../state/language.js'
import { detailName, endName } from '../calls/end-chip.js'
import { isFailure } from './ending-kinds.js'

/** How calls ended: those that came to nothing first. @param {{ resource: import('../../net/resource.js').Resource }} props */
export function EndingsCard({ resource }) {
  return html`<${Card} title=${t('usage.endings')}>
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) => {
        const rows = merged(data)
        const most = Math.max(1, ...rows.map(({ calls }) => calls))
        const failures = rows.filter(({ reason }) => isFailure(reason))
        const others = rows.filter(({ reason }) => !isFailure(reason))
        if (rows.length === 0) return html`<p class="muted small">${t('usage.empty')}</p>`
        return html`<h3 class="endings-head">${t('usage.failures')}</h3>
          ${
            failures.length === 0
              ? html`<p class="small muted">${t('usage.noFailures')}</p>`
              : html`<${Reasons} rows=${failures} most=${most} kind="danger" />`
          }
          <h3 class="endings-head">${t('usage.regular')}</h3>
          <${Reasons} rows=${others} most=${most} kind="agent" />`
      }}
    <//>
  <//>`
}

/** @param {{ rows: { key: string, reason: string, detail: string | null, calls: number }[], most: number, kind: string }} props */
function Reasons({ rows, most, kind }) {
  return html`<ul class="reasons small">
    ${rows.map(
      ({ key, reason, detail, calls }) => html`<li key=${key}>
        <span>${endName(reason)}${detail && html` <span class="muted">· ${detailName(detail)}</span>`}</span>
        <strong>${number(calls)}</strong>
        <div class=${`share ${kind}`} style=${{ width: `${(calls / most) * 100}%` }}></div>
      </li>`
    )}
  </ul>`
}

/** Of both directions together. @param {readonly any[]} rows */
function merged(rows) {
  /** @type {Map<string, { key: string, reason: string, detail: string | null, calls: number }>} */
  const byReason = new Map()
  for (const { end_reason, end_detail, calls } of rows) {
    const key = `${end_reason}\n${end_detail}`
    const row = byReason.get(key) ?? { key, reason: end_reason, detail: end_detail, calls: 0 }
    row.calls += calls
    byReason.set(key, row)
  }
  return [...byReason.values()].sort((a, b) => b.calls - a.calls)
}
