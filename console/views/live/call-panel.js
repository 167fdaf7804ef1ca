import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import { api } from '../../net/api.js'
import { Elapsed } from '../../parts/elapsed.js'
import { Icon } from '../../parts/icon.js'
import { Notice } from '../../parts/notice.js'
import { Transcript } from '../../parts/transcript.js'
import { hasText, t } from '../../state/language.js'
import { FloorChip } from './call-card.js'
import { CallControls } from './call-controls.js'
import { callName } from './call-name.js'
import { ListenControls } from './listen-controls.js'
import { TellAgent } from './tell-agent.js'

/**
 * One live call: heard, read and steered.
 *
 * @param {{ call: import('../../state/live-calls.js').LiveCall }} props
 */
export function CallPanel({ call }) {
  const { callId, conversation } = call
  useEffect(() => {
    // The database may be a moment behind, or not be there: then the words begin where the page was opened.
    api.get(`/api/calls/${callId}`).then(
      ({ turns }) => conversation.remember(turns),
      () => undefined
    )
  }, [callId, conversation])
  const end = conversation.end.value
  return html`<aside class="card live-panel" aria-label=${t('live.panel')}>
    <header class="live-panel-head">
      <div class="row between">
        <h2 class="truncate">${callName(call)}</h2>
        <a class="button quiet icon-only" href="#/live" aria-label=${t('live.close')} title=${t('live.close')}>
          <${Icon} name="close" />
        </a>
      </div>
      <div class="row small muted">
        <span>${t(`live.carrier.${call.carrier}`)} · ${call.agentName}</span>
        ${!end && html`<${Elapsed} since=${call.answeredAt.value} /><${FloorChip} callId=${callId} />`}
      </div>
    </header>
    ${!end && html`<${ListenControls} callId=${callId} />`}
    ${
      conversation.turns.value.length > 0
        ? html`<${Transcript} turns=${conversation.turns.value} />`
        : html`<p class="live-silence muted small">${t('live.noWords')}</p>`
    }
    ${
      end
        ? html`<${Notice}>
          <p>${hasText(`end.${end.reason}`) ? t(`end.${end.reason}`) : end.reason}</p>
          <a href=${`#/calls/${callId}`}>${t('talk.openCall')}</a>
        <//>`
        : html`<${TellAgent} callId=${callId} /><${CallControls} call=${call} />`
    }
  </aside>`
}
