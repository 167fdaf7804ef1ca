import { html } from 'htm/preact'
import { Button } from '../../parts/button.js'
import { Choice } from '../../parts/choice.js'
import { t } from '../../state/language.js'
import { listening } from '../../state/listening.js'

const SIDES = /** @type {const} */ (['both', 'caller', 'agent'])

/** Hear the call: either side or both, and how loud. @param {{ callId: string }} props */
export function ListenControls({ callId }) {
  const on = listening.callId.value === callId
  return html`<div class="listen">
    <${Button}
      icon=${on ? 'stop' : 'listen'}
      kind=${on ? 'plain' : 'primary'}
      onClick=${() => (on ? listening.stop() : listening.start(callId))}
    >${t(on ? 'live.stop' : 'live.listen')}<//>
    <${Choice}
      label=${t('live.side')}
      value=${listening.side.value}
      options=${SIDES.map((side) => ({ value: side, text: t(`live.side.${side}`) }))}
      onChoose=${(/** @type {any} */ side) => listening.choose(side)}
    />
    <input
      class="volume"
      type="range"
      min="0"
      max="1"
      step="0.05"
      aria-label=${t('live.volume')}
      title=${t('live.volume')}
      value=${listening.volume.value}
      onInput=${(/** @type {any} */ event) => listening.turn(Number(event.target.value))}
    />
  </div>`
}
