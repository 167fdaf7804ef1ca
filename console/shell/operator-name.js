import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Button } from '../parts/button.js'
import { Dialog } from '../parts/dialog.js'
import { Field } from '../parts/field.js'
import { t } from '../state/language.js'
import { session } from '../state/session.js'

/** Under which name actions on calls are recorded, and the way to change it. */
export function OperatorName() {
  const [asking, setAsking] = useState(false)
  const name = session.operatorName.value
  return html`<${Button} kind="quiet" icon="agents" class="operator-name" onClick=${() => setAsking(true)}>
      <span class="truncate">${name || t('operator.set')}</span>
    <//>
    ${asking && html`<${NameDialog} onClose=${() => setAsking(false)} />`}`
}

/** @param {{ onClose: () => void }} props */
function NameDialog({ onClose }) {
  const [name, setName] = useState(session.operatorName.value)
  const save = (/** @type {Event} */ event) => {
    event.preventDefault()
    session.rename(name.trim())
    onClose()
  }
  return html`<${Dialog} title=${t('operator.title')} onClose=${onClose}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${t('signIn.name')} hint=${t('operator.text')}>
        ${(/** @type {any} */ control) => html`<input
          ...${control}
          class="input"
          autocomplete="name"
          maxlength="60"
          value=${name}
          onInput=${(/** @type {any} */ event) => setName(event.target.value)}
        />`}
      <//>
      <div class="dialog-actions">
        <${Button} onClick=${onClose}>${t('action.cancel')}<//>
        <${Button} type="submit" kind="primary">${t('action.save')}<//>
      </div>
    </form>
  <//>`
}
