import { html } from 'htm/preact'
import { confirmation } from '../state/confirmation.js'
import { t } from '../state/language.js'
import { Button } from './button.js'
import { Dialog } from './dialog.js'

/** The question before something that cannot be taken back. */
export function Confirmation() {
  const question = confirmation.value
  if (!question) return null
  const { title, text, confirm, danger, answer } = question
  return html`<${Dialog} title=${title} onClose=${() => answer(false)}>
    <p class="muted">${text}</p>
    <div class="dialog-actions">
      <${Button} onClick=${() => answer(false)}>${t('action.cancel')}<//>
      <${Button} kind=${danger ? 'danger solid' : 'primary'} onClick=${() => answer(true)}>${confirm}<//>
    </div>
  <//>`
}
