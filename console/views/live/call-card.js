import { html } from 'htm/preact'
import { useCallback } from 'preact/hooks'
import { Button } from '../../parts/button.js'
import { Elapsed } from '../../parts/elapsed.js'
import { Waveform } from '../../parts/waveform.js'
import { t } from '../../state/language.js'
import { listening } from '../../state/listening.js'
import { liveLevels } from '../../state/live-levels.js'
import { callName } from './call-name.js'

/**
 * One call on the wall. What changes often is a component of its own, so that a wall of two hundred stays smooth.
 *
 * @param {{ call: import('../../state/live-calls.js').LiveCall, chosen: boolean }} props
 */
export function CallCard({ call, chosen }) {
  const levels = useCallback(() => liveLevels.of(call.callId).history, [call])
  const name = callName(call)
  return html`<li class=${`card live-card ${chosen ? 'chosen' : ''}`} data-call=${call.callId}>
    <div class="live-card-head">
      <a class="live-card-name truncate" href=${`#/live/${call.callId}`} aria-current=${chosen ? 'true' : undefined}>
        ${name}
      </a>
      <${Lasted} call=${call} />
    </div>
    <p class="live-card-about small muted truncate">${t(`live.carrier.${call.carrier}`)} · ${call.agentName}</p>
    <${Waveform} levels=${levels} />
    <${LastWords} call=${call} />
    <div class="live-card-foot">
      <${FloorChip} callId=${call.callId} />
      <${ListenButton} callId=${call.callId} name=${name} />
    </div>
  </li>`
}

/** @param {{ call: import('../../state/live-calls.js').LiveCall }} props */
function Lasted({ call }) {
  const since = call.answeredAt.value
  return since === null
    ? html`<span class="chip warn">${t('live.ringing')}</span>`
    : html`<${Elapsed} since=${since} />`
}

/** @param {{ call: import('../../state/live-calls.js').LiveCall }} props */
function LastWords({ call }) {
  const words = call.lastWords.value
  return html`<p class="live-words small">
    ${
      words
        ? html`<span class=${`speaker ${words.speaker}`}>${t(`side.${words.speaker}`)}</span> ${tail(words.text)}`
        : html`<span class="muted">${t('live.noWords')}</span>`
    }
  </p>`
}

/** The last words are what counts where there is no room for all. @param {string} text */
function tail(text) {
  return text.length > 120 ? `…${text.slice(-120)}` : text
}

/** Who has the floor. @param {{ callId: string }} props */
export function FloorChip({ callId }) {
  const floor = liveLevels.of(callId).floor.value
  const kind = floor === 'both' ? 'warn' : floor === 'nobody' ? '' : floor
  return html`<span class=${`chip ${kind}`} data-floor=${floor}>${t(`live.floor.${floor}`)}</span>`
}

/** @param {{ callId: string, name: string }} props */
function ListenButton({ callId, name }) {
  const on = listening.callId.value === callId
  return html`<${Button}
    icon=${on ? 'stop' : 'listen'}
    kind="quiet"
    aria-pressed=${on}
    label=${t(on ? 'live.stopListening' : 'live.listenTo', { name })}
    onClick=${() => (on ? listening.stop() : listening.start(callId))}
  />`
}
