import { html } from 'htm/preact'
import { Icon } from './icon.js'

/**
 * Where there is nothing yet: says so, and what would bring something here.
 *
 * @param {{ icon: import('./icon.js').IconName, title: string, text?: any, children?: any }} props
 */
export function Empty({ icon, title, text, children }) {
  return html`<div class="empty">
    <${Icon} name=${icon} />
    <h2>${title}</h2>
    ${text && html`<p>${text}</p>`}${children}
  </div>`
}
