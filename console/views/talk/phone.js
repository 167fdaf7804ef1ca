import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.js'
import { Elapsed } from '../../parts/elapsed.js'
import { Waveform } from '../../parts/waveform.js'
import { t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'
import { CallSetup } from './call-setup.js'
import { EndedCall } from './ended-call.js'
import { Keypad } from './keypad.js'

const levels = () => softphone.levels

/** The phone: what to call with, then the call, then how it ended. */
export function Phone() {
  const phase = softphone.phase.value
  const busy = phase === 'asking' || phase === 'connecting'
  return html`<section class="card card-body phone" aria-label=${t('talk.phone')}>
    <div class="phone-state">
      <span class=${`chip ${phase === 'live' ? 'ok' : ''}`} role="status" data-phase=${phase}>
        ${phase === 'live' && html`<span class="dot"></span>`}${t(`talk.phase.${phase}`)}
      </span>
      ${phase === 'live' && html`<${Elapsed} since=${softphone.startedAt.value} />`}
    </div>
    <div class="phone-waves">
      <${Waveform} levels=${levels} moving=${phase === 'live'} />
      <div class="legend small" aria-hidden="true">
        <span class="chip caller">${t('side.you')}</span><span class="chip agent">${t('side.agent')}</span>
      </div>
    </div>
    ${phase === 'live' && html`<${Controls} />`}
    ${busy && html`<${Button} large onClick=${() => softphone.hangUp()}>${t('action.cancel')}<//>`}
    ${phase === 'ended' && html`<${EndedCall} />`}
    ${(phase === 'idle' || phase === 'ended') && html`<${CallSetup} />`}
  </section>`
}

/** What can be done in a call. */
function Controls() {
  const [keys, setKeys] = useState(false)
  const muted = softphone.muted.value
  return html`<div class="phone-controls">
      ${
        !softphone.typing.value &&
        html`<${Button}
          icon=${muted ? 'micOff' : 'mic'}
          large
          aria-pressed=${muted}
          onClick=${() => softphone.mute(!muted)}
        >${t(muted ? 'talk.unmute' : 'talk.mute')}<//>`
      }
      <${Button} icon="keypad" large aria-pressed=${keys} aria-expanded=${keys} onClick=${() => setKeys(!keys)}>
        ${t('talk.keypad')}
      <//>
      <${Button} icon="hangUp" kind="danger solid" large onClick=${() => softphone.hangUp()}>${t('talk.hangUp')}<//>
    </div>
    ${keys && html`<${Keypad} />`}`
}
