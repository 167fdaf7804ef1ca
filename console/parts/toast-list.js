import { html } from 'htm/preact'
import { t } from '../state/language.js'
import { dismiss, toasts } from '../state/toasts.js'
import { Button } from './button.js'
import { Icon } from './icon.js'

/** What became of what the operator did. */
export function ToastList() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, kind, text }) => html`<div class=${`toast ${kind}`} key=${id}>
        <${Icon} name=${kind === 'fault' ? 'alert' : 'check'} />
        <span class="grow">${text}</span>
        <${Button} kind="quiet" icon="close" label=${t('action.dismiss')} onClick=${() => dismiss(id)} />
      </div>`
    )}
  </div>`
}
