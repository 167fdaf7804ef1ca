import { html } from 'htm/preact'
import { useMemo, useState } from 'preact/hooks'
import { Chart } from '../../charts/chart.js'
import { money, number } from '../../format/amount.js'
import { dayName, monthName } from '../../format/day.js'
import { request } from '../../net/api.js'
import { saveBlob } from '../../net/download.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Choice } from '../../parts/choice.js'
import { Empty } from '../../parts/empty.js'
import { Loaded } from '../../parts/loaded.js'
import { t } from '../../state/language.js'
import { tellFault } from '../../state/toasts.js'
import { filled, SPANS } from './spans.js'

const MEASURES = ['minutes', 'calls', 'cost']

/**
 * Minutes, calls and cost over time.
 *
 * @param {{ resource: import('../../net/resource.js').Resource, span: import('./spans.js').SpanName, from: string, now: number }} props
 */
export function UsageCard({ resource, span, from, now }) {
  const [measure, setMeasure] = useState('minutes')
  const { group } = SPANS[span]
  const options = MEASURES.map((value) => ({ value, text: t(`usage.${value}`) }))
  const actions = html`<div class="row">
    <${Choice} label=${t('usage.measure')} options=${options} value=${measure} onChoose=${setMeasure} />
    <${Button} icon="download" onClick=${() => downloadCsv(group, from)}>CSV<//>
  </div>`
  return html`<${Card} title=${t(`usage.by.${group}`)} actions=${actions}>
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) =>
        data.length === 0
          ? html`<${Empty} icon="usage" title=${t('usage.empty')} text=${t('usage.emptyText')} />`
          : html`<${Bars} rows=${data} span=${span} now=${now} measure=${measure} />`}
    <//>
  <//>`
}

/** @param {{ rows: any[], span: import('./spans.js').SpanName, now: number, measure: string }} props */
function Bars({ rows, span, now, measure }) {
  const name = SPANS[span].group === 'month' ? monthName : dayName
  const format = measure === 'cost' ? money : (/** @type {number} */ value) => number(value)
  const points = useMemo(() => filled(rows, span, now), [rows, span, now])
  const times = useMemo(() => points.map(({ at }) => at), [points])
  const series = useMemo(
    () => [
      {
        label: t(`usage.${measure}`),
        colour: '--agent',
        values: points.map((/** @type {any} */ point) => point[measure])
      }
    ],
    [points, measure]
  )
  return html`<${Chart}
      label=${t('usage.chart', { measure: t(`usage.${measure}`) })}
      times=${times}
      series=${series}
      format=${format}
      formatTime=${(/** @type {number} */ time) => name(time * 1000)}
      whole=${measure !== 'cost'}
      bars
    />
    <details class="as-table small">
      <summary>${t('usage.asTable')}</summary>
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th>${t(`usage.${SPANS[span].group}`)}</th>
              <th class="number">${t('usage.calls')}</th>
              <th class="number">${t('usage.minutes')}</th>
              <th class="number">${t('usage.cost')}</th>
            </tr>
          </thead>
          <tbody>
            ${points
              .toReversed()
              .filter(({ calls }) => calls > 0)
              .map(
                ({ at, calls, minutes, cost }) => html`<tr key=${at}>
                  <td>${name(at * 1000)}</td>
                  <td class="number">${number(calls)}</td>
                  <td class="number">${number(minutes, 1)}</td>
                  <td class="number">${money(cost)}</td>
                </tr>`
              )}
          </tbody>
        </table>
      </div>
    </details>`
}

/** @param {string} group @param {string} from */
export async function downloadCsv(group, from) {
  try {
    const response = await request('GET', `/api/usage?group=${group}&from=${from}&format=csv`)
    saveBlob(await response.blob(), `usage-by-${group}.csv`)
  } catch (error) {
    tellFault(error)
  }
}
