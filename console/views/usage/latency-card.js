import { html } from 'htm/preact'
import { useMemo } from 'preact/hooks'
import { Chart } from '../../charts/chart.js'
import { dayName } from '../../format/day.js'
import { dateTime, latency } from '../../format/time.js'
import { useResource } from '../../net/resource.js'
import { Card } from '../../parts/card.js'
import { Empty } from '../../parts/empty.js'
import { Loaded } from '../../parts/loaded.js'
import { t } from '../../state/language.js'
import { SPANS } from './spans.js'

/** How fast callers were answered, over time. @param {{ span: import('./spans.js').SpanName, from: string }} props */
export function LatencyCard({ span, from }) {
  const { latency: group } = SPANS[span]
  const resource = useResource(`/api/latency?group=${group}&from=${from}`)
  return html`<${Card} title=${t('usage.latency')}>
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) =>
        data.length === 0
          ? html`<${Empty} icon="clock" title=${t('usage.noLatency')} text=${t('usage.noLatencyText')} />`
          : html`<${Lines} rows=${data} group=${group} from=${Date.parse(from) / 1000} />`}
    <//>
  <//>`
}

/** @param {{ rows: any[], group: 'hour' | 'day', from: number }} props */
function Lines({ rows, group, from }) {
  const times = useMemo(() => rows.map(({ at }) => Date.parse(at) / 1000), [rows])
  const series = useMemo(
    () => [
      { label: 'p50', colour: '--agent', values: rows.map(({ p50_response_ms }) => p50_response_ms) },
      { label: 'p95', colour: '--warn', values: rows.map(({ p95_response_ms }) => p95_response_ms) }
    ],
    [rows]
  )
  const name = (/** @type {number} */ ms) => (group === 'hour' ? dateTime(ms) : dayName(ms))
  const turns = rows.reduce((sum, row) => sum + row.turns, 0)
  return html`<${Chart}
      label=${t('usage.latency')}
      times=${times}
      from=${from}
      series=${series}
      format=${latency}
      formatTime=${(/** @type {number} */ time) => dayName(time * 1000)}
    />
    <p class="small muted">${t('usage.latencyText', { count: turns })}</p>
    <details class="as-table small">
      <summary>${t('usage.asTable')}</summary>
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th>${t(`usage.${group}`)}</th>
              <th class="number">${t('usage.turns')}</th>
              <th class="number">p50</th>
              <th class="number">p95</th>
              <th class="number">p99</th>
            </tr>
          </thead>
          <tbody>
            ${rows.toReversed().map(
              (row) => html`<tr key=${row.at}>
                <td class="nowrap">${name(Date.parse(row.at))}</td>
                <td class="number">${row.turns}</td>
                <td class="number">${latency(row.p50_response_ms)}</td>
                <td class="number">${latency(row.p95_response_ms)}</td>
                <td class="number">${latency(row.p99_response_ms)}</td>
              </tr>`
            )}
          </tbody>
        </table>
      </div>
    </details>`
}
