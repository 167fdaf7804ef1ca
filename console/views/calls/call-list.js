import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { clockTime, dateTime } from '../../format/time.js'
import { api } from '../../net/api.js'
import { callEvents } from '../../net/call-events.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Choice } from '../../parts/choice.js'
import { Empty } from '../../parts/empty.js'
import { Icon } from '../../parts/icon.js'
import { Loaded } from '../../parts/loaded.js'
import { PageHead } from '../../parts/page-head.js'
import { agentName } from '../../state/agent-names.js'
import { t } from '../../state/language.js'
import { go } from '../../state/router.js'
import { tellFault } from '../../state/toasts.js'
import { callTitle, isLive } from './call-title.js'
import { EndChip } from './end-chip.js'

const PAGE = 50

/** Every call there was, the newest first. */
export function CallList() {
  const [status, setStatus] = useState('all')
  const query = status === 'all' ? '' : `&status=${status}`
  const first = useResource(`/api/calls?limit=${PAGE}${query}`)
  const { reload } = first
  useEffect(
    () =>
      callEvents.listen(({ type }) => {
        if (type === 'live.call' || type === 'call.ended') reload()
      }),
    [reload]
  )
  const options = ['all', 'live', 'ended'].map((value) => ({ value, text: t(`calls.filter.${value}`) }))
  const filter = html`<${Choice} label=${t('calls.filter')} options=${options} value=${status} onChoose=${setStatus} />`
  return html`<${PageHead} title=${t('calls.title')} text=${t('calls.text')} actions=${filter} />
    <${Loaded} resource=${first}>
      ${(/** @type {any} */ page) => html`<${Pages} key=${status} first=${page} query=${query} />`}
    <//>`
}

/** @param {{ first: { data: any[], next: string | null }, query: string }} props */
function Pages({ first, query }) {
  const [more, setMore] = useState(/** @type {{ data: any[], next: string | null } | null} */ (null))
  const [loading, setLoading] = useState(false)
  const known = new Set(first.data.map(({ id }) => id))
  const calls = [...first.data, ...(more?.data ?? []).filter(({ id }) => !known.has(id))]
  const next = more ? more.next : first.next
  if (calls.length === 0)
    return html`<div class="card">
      <${Empty} icon="calls" title=${t('calls.empty')} text=${t('calls.emptyText')}>
        <a class="button primary" href="#/talk">${t('live.tryIt')}</a>
      <//>
    </div>`
  const fetchMore = async () => {
    setLoading(true)
    try {
      const page = await api.get(`/api/calls?limit=${PAGE}&before=${next}${query}`)
      setMore({ data: [...(more?.data ?? []), ...page.data], next: page.next })
    } catch (error) {
      tellFault(error)
    } finally {
      setLoading(false)
    }
  }
  return html`<div class="stack">
    <div class="card table-wrap"><${CallTable} calls=${calls} /></div>
    ${next && html`<div class="row centred"><${Button} disabled=${loading} onClick=${fetchMore}>${t('calls.more')}<//></div>`}
  </div>`
}

/** @param {{ calls: any[] }} props */
function CallTable({ calls }) {
  return html`<table class="table calls-table">
    <thead>
      <tr>
        <th>${t('calls.call')}</th>
        <th>${t('calls.when')}</th>
        <th class="wide">${t('calls.agent')}</th>
        <th class="number wide">${t('calls.lasted')}</th>
        <th>${t('calls.end')}</th>
      </tr>
    </thead>
    <tbody>
      ${calls.map((call) => html`<${CallRow} key=${call.id} call=${call} />`)}
    </tbody>
  </table>`
}

/** @param {{ call: any }} props */
function CallRow({ call }) {
  const lasted = call.duration_seconds === null ? '–' : clockTime(call.duration_seconds)
  return html`<tr class="clickable" onClick=${() => go(`/calls/${call.id}`)}>
    <td>
      <span class="row nowrap call-name">
        <span class=${`direction ${call.direction}`} title=${t(`calls.direction.${call.direction}`)}><${Icon} name="phone" /></span>
        <span>
          <a href=${`#/calls/${call.id}`} onClick=${(/** @type {Event} */ event) => event.stopPropagation()}>${callTitle(call)}</a>
          <span class="small muted call-sub"> ${t(`calls.direction.${call.direction}`)} · ${t(`live.carrier.${call.carrier}`)}</span>
        </span>
      </span>
    </td>
    <td class="nowrap">${dateTime(call.initiated_at)}<span class="small muted narrow call-sub">${lasted}</span></td>
    <td class="wide">${agentName(call.agent_id)}</td>
    <td class="number wide">${lasted}</td>
    <td>${isLive(call) ? html`<a class="chip ok" href=${`#/live/${call.id}`}><span class="dot ok"></span>${t('calls.live')}</a>` : html`<${EndChip} call=${call} />`}</td>
  </tr>`
}
