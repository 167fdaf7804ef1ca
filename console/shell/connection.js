import { html } from 'htm/preact'
import { callEvents } from '../net/call-events.js'
import { t } from '../state/language.js'

/** Whether what is shown is live. */
export function Connection() {
  const connected = callEvents.connected.value
  return html`<div class="connection" role="status">
    <span class=${`dot ${connected ? 'ok' : 'warn'}`}></span>${t(connected ? 'connection.live' : 'connection.lost')}
  </div>`
}
