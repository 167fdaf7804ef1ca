import { html } from 'htm/preact'
import { clockTime, latency } from '../../format/time.js'
import { hasText, t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'

/** How the call was: why it ended, how long it was, how fast the agent answered. */
export function EndedCall() {
  const { end, turns } = softphone.conversation.value
  const times = turns.value.flatMap((turn) => turn.latency?.responseMs ?? []).sort((a, b) => a - b)
  const reason = end.value && `end.${end.value.reason}`
  return html`<div class="ended">
    <p>${reason ? (hasText(reason) ? t(reason) : end.value?.reason) : t('talk.ended')}</p>
    <dl class="ended-figures">
      ${end.value && html`<div><dt>${t('talk.lasted')}</dt><dd>${clockTime(end.value.durationMs / 1000)}</dd></div>`}
      ${
        times.length > 0 &&
        html`<div><dt>${t('talk.medianAnswer')}</dt><dd>${latency(times[Math.floor((times.length - 1) / 2)])}</dd></div>`
      }
    </dl>
    ${softphone.callId.value && html`<a href=${`#/calls/${softphone.callId.value}`}>${t('talk.openCall')}</a>`}
  </div>`
}
