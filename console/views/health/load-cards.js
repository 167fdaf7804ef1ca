import { html } from 'htm/preact'
import { useEffect, useMemo } from 'preact/hooks'
import { Chart } from '../../charts/chart.js'
import { number } from '../../format/amount.js'
import { timeOfDay } from '../../format/time.js'
import { useResource } from '../../net/resource.js'
import { Loaded } from '../../parts/loaded.js'
import { t } from '../../state/language.js'

/** The server has a new sample this often; ms. */
const SAMPLE_MS = 5000
const CHART_PX = 120

/** @type {readonly { name: string, colour: string, value: (sample: any) => number, format: (value: number) => string }[]} */
const MEASURES = [
  {
    name: 'calls',
    colour: '--agent',
    value: ({ live_calls }) => live_calls,
    format: (value) => number(value)
  },
  {
    name: 'loop',
    colour: '--caller',
    value: ({ event_loop_p99_ms }) => event_loop_p99_ms,
    format: (value) => `${number(value, 1)} ms`
  },
  {
    name: 'backlog',
    colour: '--warn',
    value: ({ store_pending }) => store_pending,
    format: (value) => number(value)
  },
  {
    name: 'busy',
    colour: '--agent',
    value: ({ event_loop_utilization }) => event_loop_utilization * 100,
    format: (value) => `${number(value)} %`
  },
  {
    name: 'memory',
    colour: '--caller',
    value: ({ memory_bytes }) => memory_bytes / 1e6,
    format: (value) => `${number(value)} MB`
  }
]

/** How busy this process was in the last hour, and is. */
export function LoadCards() {
  const resource = useResource('/api/load')
  const { reload } = resource
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload()
    }, SAMPLE_MS)
    return () => clearInterval(timer)
  }, [reload])
  return html`<${Loaded} resource=${resource}>
    ${(/** @type {{ data: any[] }} */ { data }) => html`<div class="load-grid">
      ${MEASURES.map((measure) => html`<${LoadCard} key=${measure.name} measure=${measure} samples=${data} />`)}
    </div>`}
  <//>`
}

/** @param {{ measure: (typeof MEASURES)[number], samples: any[] }} props */
function LoadCard({ measure, samples }) {
  const label = t(`health.load.${measure.name}`)
  const times = useMemo(() => samples.map(({ at }) => Date.parse(at) / 1000), [samples])
  const series = useMemo(
    () => [{ label, colour: measure.colour, values: samples.map(measure.value) }],
    [samples, measure, label]
  )
  const last = samples.at(-1)
  return html`<section class="card card-body load-card" aria-label=${label}>
    <div class="small muted">${label}</div>
    <div class="load-now">${last ? measure.format(measure.value(last)) : '–'}</div>
    ${
      samples.length > 1
        ? html`<${Chart}
            label=${t('usage.chart', { measure: label })}
            times=${times}
            series=${series}
            format=${measure.format}
            formatTime=${(/** @type {number} */ time) => timeOfDay(time * 1000)}
            height=${CHART_PX}
            whole=${measure.name === 'calls' || measure.name === 'backlog'}
            plain
          />`
        : html`<p class="small muted">${t('health.load.soon')}</p>`
    }
  </section>`
}
