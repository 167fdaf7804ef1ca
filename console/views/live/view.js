import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Empty } from '../../parts/empty.js'
import { PageHead } from '../../parts/page-head.js'
import { t } from '../../state/language.js'
import { liveCalls } from '../../state/live-calls.js'
import { liveLevels } from '../../state/live-levels.js'
import { route } from '../../state/router.js'
import { CallCard } from './call-card.js'
import { CallPanel } from './call-panel.js'

/** With fewer calls there is nothing to look for. */
const SEARCHABLE = 7

/** Every call that is live, and the one that the operator steers. */
export function View() {
  useEffect(() => liveLevels.watch(), [])
  const [wanted, setWanted] = useState('')
  const calls = [...liveCalls.calls.value.values()]
  const shown = calls.filter((call) => matches(call, wanted.trim().toLowerCase()))
  // A call that ends while it is steered stays to be read.
  const last = useRef(/** @type {import('../../state/live-calls.js').LiveCall | null} */ (null))
  const { id } = route.value
  last.current = liveCalls.calls.value.get(id ?? '') ?? (last.current?.callId === id ? last.current : null)
  const chosen = last.current
  const search =
    calls.length >= SEARCHABLE &&
    html`<input
      class="input live-search"
      type="search"
      aria-label=${t('live.search')}
      placeholder=${t('live.search')}
      value=${wanted}
      onInput=${(/** @type {any} */ event) => setWanted(event.target.value)}
    />`
  return html`<${PageHead} title=${t('live.title')} text=${t('live.count', { count: calls.length })} actions=${search} />
    <div class=${`live ${chosen ? 'steering' : ''}`}>
      ${
        calls.length === 0
          ? html`<div class="card live-empty">
            <${Empty} icon="live" title=${t('live.empty')} text=${t('live.emptyText')}>
              <a class="button primary" href="#/talk">${t('live.tryIt')}</a>
            <//>
          </div>`
          : html`<ul class="wall" aria-label=${t('live.title')}>
            ${shown.map((call) => html`<${CallCard} key=${call.callId} call=${call} chosen=${call === chosen} />`)}
          </ul>`
      }
      ${chosen && html`<${CallPanel} key=${chosen.callId} call=${chosen} />`}
    </div>`
}

/** @param {import('../../state/live-calls.js').LiveCall} call @param {string} wanted */
function matches({ from, to, agentName }, wanted) {
  return wanted === '' || [from, to, agentName].some((text) => text?.toLowerCase().includes(wanted))
}
