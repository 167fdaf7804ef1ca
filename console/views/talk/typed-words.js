import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.js'
import { t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'
import { tellFault } from '../../state/toasts.js'

/** What is typed is said into the call by the embedded voice. */
export function TypedWords() {
  const [text, setText] = useState('')
  const say = (/** @type {Event} */ event) => {
    event.preventDefault()
    if (!text.trim()) return
    setText('')
    softphone.say(text.trim()).catch(tellFault)
  }
  return html`<form class="typed" onSubmit=${say}>
    <input
      class="input"
      aria-label=${t('talk.type')}
      placeholder=${t('talk.type')}
      maxlength="300"
      value=${text}
      onInput=${(/** @type {any} */ event) => setText(event.target.value)}
    />
    <${Button} type="submit" icon="send" label=${t('talk.typeSend')} />
  </form>`
}
