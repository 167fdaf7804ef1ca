import { html } from 'htm/preact'
import { Icon } from './icon.js'

/**
 * What the operator should know here and now.
 *
 * @param {{ kind?: 'plain' | 'warn' | 'fault', children?: any }} props
 */
export function Notice({ kind = 'plain', children }) {
  return html`<div class=${`notice ${kind}`} role=${kind === 'plain' ? 'note' : 'alert'}>
    <${Icon} name="alert" />
    <div class="grow">${children}</div>
  </div>`
}
