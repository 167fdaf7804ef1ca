import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']

/** The keys of a telephone. */
export function Keypad() {
  const [pressed, setPressed] = useState('')
  return html`<div class="keypad" role="group" aria-label=${t('talk.keypad')}>
    <output class="keypad-digits mono" aria-label=${t('talk.pressed')}>${pressed}</output>
    ${KEYS.map(
      (key) =>
        html`<button
          type="button"
          class="button key"
          key=${key}
          onClick=${() => {
            softphone.press(key)
            setPressed((digits) => (digits + key).slice(-16))
          }}
        >
          ${key}
        </button>`
    )}
  </div>`
}
