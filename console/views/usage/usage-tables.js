import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { money, number } from '../../format/amount.js'
import { monthName } from '../../format/day.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Choice } from '../../parts/choice.js'
import { Loaded } from '../../parts/loaded.js'
import { agentName } from '../../state/agent-names.js'
import { t } from '../../state/language.js'
import { downloadCsv } from './usage-card.js'

const GROUPS = ['agent', 'number', 'month']

/** Who and what took the minutes. @param {{ from: string }} props */
export function UsageTables({ from }) {
  const [group, setGroup] = useState('agent')
  const resource = useResource(`/api/usage?group=${group}&from=${from}`)
  const options = GROUPS.map((value) => ({ value, text: t(`usage.${value}`) }))
  const actions = html`<div class="row">
    <${Choice} label=${t('usage.group')} options=${options} value=${group} onChoose=${setGroup} />
    <${Button} icon="download" label=${t('usage.csv')} onClick=${() => downloadCsv(group, from)} />
  </div>`
  return html`<${Card} title=${t('usage.shares')} actions=${actions}>
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) =>
        data.length === 0
          ? html`<p class="muted small">${t('usage.empty')}</p>`
          : html`<${Shares} rows=${data} group=${group} />`}
    <//>
  <//>`
}

/** @param {{ rows: any[], group: string }} props */
function Shares({ rows, group }) {
  const sorted = group === 'month' ? rows.toReversed() : rows.toSorted((a, b) => b.minutes - a.minutes)
  const most = Math.max(1, ...rows.map(({ minutes }) => minutes))
  return html`<div class="table-wrap"><table class="table shares">
    <thead>
      <tr>
        <th>${t(`usage.${group}`)}</th>
        <th class="number">${t('usage.calls')}</th>
        <th class="number">${t('usage.minutes')}</th>
        <th class="number">${t('usage.cost')}</th>
      </tr>
    </thead>
    <tbody>
      ${sorted.map(
        (row, index) => html`<tr key=${index}>
          <td>
            ${nameOf(row, group)}
            <div class="share" style=${{ width: `${(row.minutes / most) * 100}%` }}></div>
          </td>
          <td class="number">${number(row.calls)}</td>
          <td class="number">${number(row.minutes, 1)}</td>
          <td class="number">${money(row.cost_usd)}</td>
        </tr>`
      )}
    </tbody>
  </table></div>`
}

/** @param {any} row @param {string} group */
function nameOf(row, group) {
  if (group === 'agent') return agentName(row.agent_id)
  if (group === 'month') return monthName(row.month)
  return row.number ?? html`<span class="muted">${t('usage.noNumber')}</span>`
}
