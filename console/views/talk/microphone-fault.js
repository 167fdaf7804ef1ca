import { html } from 'htm/preact'
import { Notice } from '../../parts/notice.js'
import { t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'

/** Why there was no call, and what to do about it. */
export function MicrophoneFault() {
  const fault = softphone.fault.value
  if (!fault) return null
  if (fault.text !== null) return html`<${Notice} kind="fault">${fault.text}<//>`
  return html`<${Notice} kind="warn">
    <strong>${t(`talk.fault.${fault.reason}`)}</strong>
    <p>${t(`talk.fault.${fault.reason}.help`)}</p>
  <//>`
}
