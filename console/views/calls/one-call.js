import { html } from 'htm/preact'
import { useEffect, useMemo } from 'preact/hooks'
import { dateTime } from '../../format/time.js'
import { callEvents } from '../../net/call-events.js'
import { useResource } from '../../net/resource.js'
import { Card } from '../../parts/card.js'
import { Empty } from '../../parts/empty.js'
import { Icon } from '../../parts/icon.js'
import { Loaded } from '../../parts/loaded.js'
import { agentName } from '../../state/agent-names.js'
import { hasText, t } from '../../state/language.js'
import { AnalysisCard } from './analysis-card.js'
import { CallFigures } from './call-figures.js'
import { callTitle, isLive } from './call-title.js'
import { CostCard } from './cost-card.js'
import { Downloads } from './downloads.js'
import { EventLog } from './event-log.js'
import { ExchangeList } from './exchange-list.js'
import { exchangesOf, recordingStart } from './exchanges.js'
import { LatencyLegend } from './latency-bar.js'
import { RecordingCard } from './recording-card.js'
import { useRecording } from './use-recording.js'

/** What changes a call that is looked at. */
const TELLING = new Set(['turn.completed', 'tool.called', 'call.ended'])

/** Everything of one call: heard, read, and why it was as fast as it was. @param {{ id: string }} props */
export function OneCall({ id }) {
  const resource = useResource(`/api/calls/${encodeURIComponent(id)}`)
  const { reload } = resource
  useEffect(
    () =>
      callEvents.listen(({ type, payload }) => {
        if (payload.call_id === id && TELLING.has(type)) reload()
      }),
    [id, reload]
  )
  return html`<a class="back small" href="#/calls"><${Icon} name="back" />${t('calls.title')}</a>
    <${Loaded} resource=${resource}>
      ${(/** @type {any} */ call) => html`<${CallPage} call=${call} onChange=${reload} />`}
    <//>`
}

/** @param {{ call: any, onChange: () => void }} props */
function CallPage({ call, onChange }) {
  const exchanges = useMemo(() => exchangesOf(call.turns, call.events), [call])
  const startedAt = useMemo(() => recordingStart(call), [call])
  const state = useRecording(call.recording_path ? call.id : null)
  return html`<header class="page-head">
      <div>
        <h1>${callTitle(call)}</h1>
        <p>${summary(call)}</p>
      </div>
      <${Downloads} call=${call} recording=${state.recording} onChange=${onChange} />
    </header>
    <div class="stack">
      <${CallFigures} call=${call} exchanges=${exchanges} />
      <${AnalysisCard} analysis=${call.analysis} />
      <${RecordingCard} call=${call} state=${state} exchanges=${exchanges} startedAt=${startedAt} />
      <div class="call-columns">
        <${Card} title=${t('calls.conversation')} actions=${html`<${LatencyLegend} />`}>
          ${
            exchanges.length > 0
              ? html`<${ExchangeList} exchanges=${exchanges} player=${state.player} startedAt=${startedAt} />`
              : html`<${Empty} icon="whisper" title=${t('calls.nothingSaid')} text=${endText(call)} />`
          }
        <//>
        <div class="stack">
          <${CostCard} usage=${call.usage} />
          <${EventLog} events=${call.events} />
        </div>
      </div>
    </div>`
}

/** @param {any} call */
function summary(call) {
  const parts = [
    t(`calls.direction.${call.direction}`),
    t(`live.carrier.${call.carrier}`),
    agentName(call.agent_id),
    dateTime(call.initiated_at)
  ]
  if (isLive(call)) return html`${parts.join(' · ')} · <a href=${`#/live/${call.id}`}>${t('calls.live')}</a>`
  return `${parts.join(' · ')}. ${endText(call)}`
}

/** @param {any} call */
function endText({ end_reason, end_detail }) {
  if (end_reason === null) return ''
  const text = hasText(`end.${end_reason}`) ? t(`end.${end_reason}`) : end_reason
  if (end_detail === null) return text
  return `${text} (${hasText(`end.detail.${end_detail}`) ? t(`end.detail.${end_detail}`) : end_detail})`
}
